import { lazy, Suspense, useState } from "react";
import type { CatalogEntry, Fields, Value } from "../../api/answers.ts";
import type { ClientError } from "../../../../src/surfaces/client/client-error.ts";
import { ask } from "../../api/ask.ts";
import { useLive } from "../../live/live-stream.ts";
import { Link } from "../../navigation/link.tsx";
import { Explained } from "../../parts/explained/explained.tsx";
import { length, NONE } from "../../parts/figures.ts";
import { type Service, valueOf } from "../../parts/inputs.ts";
import { Moment } from "../../parts/moment.tsx";
import { Loading, Refused } from "../../parts/notice.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { textOf } from "../../parts/value.tsx";
import { type Feature, kindNames, typeText } from "./all-features.ts";
import { FeatureInServing } from "./feature-in-serving.tsx";
import { lineageOf } from "./lineage.ts";
import "./feature-page.css";

const LineageGraph = lazy(() => import("./lineage-graph.tsx"));

/** All there is to know of one feature. */
export function FeaturePage({
  feature,
  catalog,
}: {
  readonly feature: Feature;
  readonly catalog: readonly CatalogEntry[];
}) {
  const { view, name, words, type, entity, owner, tags } = feature;
  const { live } = useLive();
  const report = live?.status.views.find((one) => one.name === view.name);
  const uses = catalog
    .filter(({ kind }) => kind === "service")
    .flatMap(({ definition }) => {
      const service = definition as unknown as Service;
      return service.uses
        .filter((use) => use.view === view.name && (use.features?.includes(name) ?? true))
        .map((use) => ({ service: service.name, alias: use.alias, name: `${use.alias}__${name}` }));
    });
  const models = catalog
    .filter(({ kind }) => kind === "model")
    .map(({ name: model, definition }) => ({ model, service: definition["service"] as string }));
  const definition = view.definition as {
    readonly ttl?: number | null;
    readonly features?: readonly { readonly name: string; readonly window?: Window }[] | Fields;
  };
  const window = Array.isArray(definition.features)
    ? (definition.features as readonly { readonly name: string; readonly window: Window }[]).find(
        (one) => one.name === name,
      )?.window
    : undefined;
  return (
    <Page
      title={`${view.name}.${name}`}
      lead={
        <>
          {words}. {view.description}
        </>
      }
      actions={<Link href="/features">All features</Link>}
    >
      <dl className="facts facts-ruled">
        <Fact name="Type">{typeText(type)}</Fact>
        <Fact name="Kind">{kindNames[view.kind]}</Fact>
        <Fact name="Entity">{entity ?? NONE}</Fact>
        {window !== undefined && (
          <Fact name="Window">
            {window.length === null ? "all of history" : `${length(window.length)}, by hops of ${length(window.hop)}`}
          </Fact>
        )}
        {view.kind === "batchView" && (
          <Fact name="Time to live">{(definition.ttl ?? null) === null ? "for ever" : length(definition.ttl!)}</Fact>
        )}
        <Fact name="Owner">{owner ?? NONE}</Fact>
        <Fact name="Tags">{tags.length === 0 ? NONE : tags.join(", ")}</Fact>
        <Fact name="Last event">
          <Moment at={report?.maxEvent ?? null} />
        </Fact>
        <Fact name="Definition">{view.applied ? "applied" : <span className="bad">not applied: asof apply</span>}</Fact>
      </dl>
      <Section title="Lineage" note="Where it comes from, and what is made with it.">
        <Suspense fallback={<Loading what="the graph" />}>
          <LineageGraph lineage={lineageOf(feature, catalog)} narrow={matchMedia("(max-width: 860px)").matches} />
        </Suspense>
        <p className="visually-hidden">
          {lineageOf(feature, catalog)
            .nodes.map(({ kind, name }) => `${kind} ${name}`)
            .join(", ")}
        </p>
      </Section>
      <FeatureInServing uses={uses} models={models} />
      <WhatCounts feature={feature} catalog={catalog} />
    </Page>
  );
}

interface Window {
  readonly length: number | null;
  readonly hop: number;
}

function Fact({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Which records count for a key, now. */
function WhatCounts({
  feature: { view, name },
  catalog,
}: {
  readonly feature: Feature;
  readonly catalog: readonly CatalogEntry[];
}) {
  const definition = view.definition as {
    readonly entity?: string;
    readonly input?: Fields;
    readonly source?: string;
    readonly reads?: readonly string[];
    readonly keys?: Readonly<Record<string, string>>;
  };
  const fields =
    definition.input ??
    (catalog.find(({ kind, name }) => kind === "entity" && name === definition.entity)?.definition["keys"] as
      | Fields
      | undefined) ??
    {};
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [asked, setAsked] = useState<Readonly<Record<string, Value>> | null>(null);
  const [refusal, setRefusal] = useState<ClientError | null>(null);
  const source = definition.source ?? definition.reads?.[0];
  const fill = async (): Promise<void> => {
    try {
      const { records } = await ask<{ records: readonly { row: Readonly<Record<string, Value>> }[] }>(
        `/v1/samples/${encodeURIComponent(source!)}?rows=1`,
      );
      const row = records[0]?.row ?? {};
      const found = Object.keys(fields).map((key) => [key, row[definition.keys?.[key] ?? key]] as const);
      setTexts(
        Object.fromEntries(
          found.flatMap(([key, value]) => (value === undefined || value === null ? [] : [[key, textOf(value)]])),
        ),
      );
      setRefusal(null);
    } catch (error) {
      setRefusal(error as ClientError);
    }
  };
  return (
    <Section title="What counts" note="For a key, now: the window, its tiles and the records behind the value.">
      <form
        className="form-row"
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(
            Object.fromEntries(Object.entries(fields).map(([key, type]) => [key, valueOf(texts[key] ?? "", type)])),
          );
        }}
      >
        {Object.keys(fields).map((key) => (
          <label key={key} className="field">
            <span>{key}</span>
            <input
              value={texts[key] ?? ""}
              autoComplete="off"
              spellCheck={false}
              onChange={({ target }) => setTexts({ ...texts, [key]: target.value })}
            />
          </label>
        ))}
        <button type="submit" className="primary">
          Explain
        </button>
        {definition.keys !== undefined && (
          <button type="button" onClick={() => void fill()}>
            Fill in an example
          </button>
        )}
      </form>
      {refusal !== null && <Refused refusal={refusal} />}
      {asked !== null && (
        <div className="panel feature-explained">
          <Explained view={view.name} feature={name} keys={asked} at={null} />
        </div>
      )}
    </Section>
  );
}
