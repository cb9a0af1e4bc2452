import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useLayoutEffect, useRef, useState } from "react";
import { Link } from "../../navigation/link.tsx";
import { addressOf } from "../../navigation/location.ts";
import { count } from "../../parts/figures.ts";
import { Command, Empty } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import { type Feature, kindNames, typeText } from "./all-features.ts";
import "./feature-list.css";

/** The catalog: a search over all features, however many. */
export function FeatureList({
  features,
  view,
}: {
  readonly features: readonly Feature[];
  readonly view: string | null;
}) {
  const [search, setSearch] = useState(view ?? "");
  const [kind, setKind] = useState("");
  const [tag, setTag] = useState("");
  const words = useDeferredValue(search).toLowerCase().split(/\s+/).filter(Boolean);
  const tags = [...new Set(features.flatMap((one) => one.tags))].toSorted();
  const shown = features.filter(
    (one) =>
      (kind === "" || one.view.kind === kind) &&
      (tag === "" || one.tags.includes(tag)) &&
      words.every((word) => one.text.includes(word)),
  );
  return (
    <Page title="Features" lead="Everything that the definitions compute, once, for training and for serving alike.">
      <search className="form-row feature-search">
        <label className="field feature-words">
          <span>Search names, views, words, tags</span>
          <input type="search" value={search} onChange={({ target }) => setSearch(target.value)} />
        </label>
        <label className="field">
          <span>Kind</span>
          <select value={kind} onChange={({ target }) => setKind(target.value)}>
            <option value="">all</option>
            {Object.entries(kindNames).map(([id, name]) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {tags.length > 0 && (
          <label className="field">
            <span>Tag</span>
            <select value={tag} onChange={({ target }) => setTag(target.value)}>
              <option value="">all</option>
              {tags.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        )}
        <p className="muted feature-count" role="status">
          {count(shown.length)} of {count(features.length)} features
        </p>
      </search>
      {features.length === 0 ? (
        <Empty title="The definitions have no view yet.">
          <p>Define one, then:</p>
          <Command>asof plan && asof apply</Command>
        </Empty>
      ) : shown.length === 0 ? (
        <Empty title="No feature is like that.">
          <p>
            <button
              type="button"
              onClick={() => {
                setSearch("");
                setKind("");
                setTag("");
              }}
            >
              Show all
            </button>
          </p>
        </Empty>
      ) : (
        <Rows features={shown} />
      )}
    </Page>
  );
}

/** Only what is in sight is in the document. */
function Rows({ features }: { readonly features: readonly Feature[] }) {
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(list.current?.offsetTop ?? 0), []);
  const rows = useWindowVirtualizer({
    count: features.length,
    estimateSize: () => 62,
    overscan: 8,
    scrollMargin: top,
    getItemKey: (index) => `${features[index].view.name}.${features[index].name}`,
  });
  return (
    <ul className="feature-rows panel" ref={list} style={{ height: rows.getTotalSize() }}>
      {rows.getVirtualItems().map((item) => {
        const feature = features[item.index];
        return (
          <li
            key={item.key}
            ref={rows.measureElement}
            data-index={item.index}
            aria-setsize={features.length}
            aria-posinset={item.index + 1}
            style={{ transform: `translateY(${item.start - top}px)` }}
          >
            <Row feature={feature} />
          </li>
        );
      })}
    </ul>
  );
}

function Row({ feature: { name, view, words, type, entity, tags } }: { readonly feature: Feature }) {
  return (
    <Link className="feature-row" href={addressOf("/features", { view: view.name, feature: name })}>
      <span className="feature-name">
        <span className="muted">{view.name}.</span>
        {name}
      </span>
      <span className="feature-said">
        {words}
        {tags.map((tag) => (
          <span key={tag} className="tag">
            {tag}
          </span>
        ))}
      </span>
      <span className="feature-facts">
        <span>{typeText(type)}</span>
        <span>{entity !== null && `per ${entity}`}</span>
        <span>
          <span
            className={`tag ${view.kind === "batchView" ? "tag-offline" : view.kind === "aggregateView" ? "tag-online" : ""}`}
          >
            {kindNames[view.kind]}
          </span>
        </span>
      </span>
    </Link>
  );
}
