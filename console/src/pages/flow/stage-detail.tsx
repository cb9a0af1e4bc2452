import { type ReactNode, useEffect, useRef } from "react";
import type { Live, ModelVersion, Run } from "../../api/answers.ts";
import { Link } from "../../navigation/link.tsx";
import { addressOf } from "../../navigation/location.ts";
import { bytes, count, milliseconds, perSecond, seconds, share, span } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { qualityOf, type StageId } from "./stages.ts";
import "./stage-detail.css";

interface Shown {
  readonly live: Live;
  readonly runs: readonly Run[];
  readonly models: readonly ModelVersion[];
}

const details: Readonly<
  Record<StageId, { readonly title: string; readonly says: string; readonly show: (shown: Shown) => ReactNode }>
> = {
  raw: {
    title: "Raw data",
    says: "Records of the sources as they came, in Parquet: each with the time it happened and the time it could be known.",
    show: ({ live: { status } }) => (
      <Rows
        label="Sources"
        head={["Source", "#Records", "#Size", "#Files", "#Only in the log", "First event", "Last event"]}
        rows={status.offline.sources.map((source) => [
          source.name,
          count(source.rows),
          bytes(source.bytes),
          count(source.files),
          count(source.inLog),
          <Moment key="first" at={source.minEvent} />,
          <Moment key="last" at={source.maxEvent} />,
        ])}
      />
    ),
  },
  batch: {
    title: "Batch features",
    says: "Computed by SQL over history; a new version of a row is kept beside the old one.",
    show: ({ live }) => <Views live={live} kind="batchView" />,
  },
  offline: {
    title: "Offline store",
    says: "Parquet files that hold history. Training reads it as of each example’s moment; an answer of serving is checked against it.",
    show: ({ live: { status } }) => (
      <Facts
        facts={[
          ["Size", bytes(status.offline.bytes)],
          ["Files", count(status.offline.files)],
          ["Log archived up to", `position ${count(status.log.archived)}`],
          ["Home", status.home],
        ]}
        more={<Link href="/compare">Compare it with the online store</Link>}
      />
    ),
  },
  training: {
    title: "Training",
    says: "Each example is joined with what was known at its own moment: nothing from its future.",
    show: ({ runs }) => (
      <Runs runs={runs.filter(({ kind }) => kind === "train")} none="Nothing was trained yet: asof train MODEL." />
    ),
  },
  model: {
    title: "Model",
    says: "Versions in the registry; the promoted one predicts.",
    show: ({ models }) =>
      models.length === 0 ? (
        <p>There is no version yet: asof train MODEL.</p>
      ) : (
        <Rows
          label="Versions"
          head={["Model", "#Version", "State", "Quality", "#Size", "Made"]}
          rows={models.map((one) => [
            <Link key="model" href={addressOf("/models", { model: one.model })}>
              {one.model}
            </Link>,
            one.version,
            one.promoted ? "serves" : "",
            qualityOf(one),
            bytes(one.bytes),
            <Moment key="made" at={one.createdAt} />,
          ])}
        />
      ),
  },
  events: {
    title: "Events",
    says: "Records as they arrive. An answer means that they are on disk, in the log, stamped with their arrival.",
    show: ({ live: { status } }) => (
      <>
        <Facts
          facts={[
            ["Log holds positions", `${count(status.log.start)} to ${count(status.log.end)}`],
            ["Log size", bytes(status.log.bytes)],
            ["Folded up to", `position ${count(status.log.folded)}`],
            ["Archived up to", `position ${count(status.log.archived)}`],
          ]}
        />
        <Rows
          label="Newest records"
          head={["Source", "Newest happened", "#Ago", "Newest became known", "#Ago"]}
          rows={status.sources.map((source) => [
            source.source,
            <Moment key="event" at={source.newestEvent} />,
            span(source.eventAge),
            <Moment key="available" at={source.newestAvailable} />,
            span(source.availableAge),
          ])}
        />
      </>
    ),
  },
  "real-time": {
    title: "Real-time features",
    says: "Every event is folded into the state of its keys, milliseconds after it arrived.",
    show: ({ live }) => <Views live={live} kind="aggregateView" />,
  },
  online: {
    title: "Online store",
    says: "The present of every key, ready to be read in microseconds. It knows nothing of the past: history does.",
    show: ({ live: { status } }) => (
      <Facts
        facts={[
          ["Size", bytes(status.online.bytes)],
          ["Answers are as of", <Moment key="t" at={status.watermark} both />],
          ["Behind the clock by", span(status.freshness)],
          ["Events yet to fold", count(status.log.unfolded)],
        ]}
        more={<Link href="/compare">Compare it with the offline store</Link>}
      />
    ),
  },
  serving: {
    title: "Serving",
    says: "Requests of the last minute to this process, from arrival to answer.",
    show: ({ live: { requests } }) =>
      requests.length === 0 ? (
        <p>There was no request in the last minute.</p>
      ) : (
        <Rows
          label="Requests"
          head={["Route", "#Requests", "#Rate", "#p50", "#p99"]}
          rows={requests.map((one) => [
            <code key="route">{one.route}</code>,
            count(one.requests),
            perSecond(one.perSecond),
            milliseconds(one.p50),
            milliseconds(one.p99),
          ])}
        />
      ),
  },
  predictions: {
    title: "Predictions",
    says: "Each is logged with the features it was made from, so that it can be computed again from history.",
    show: ({ live: { status } }) => (
      <Rows
        label="Predictions"
        head={["Model", "#Logged", "#Audited", "#Values compared", "#Different"]}
        rows={status.models.map((model) => {
          const audited = status.audit.targets.find(({ kind, name }) => kind === "predict" && name === model.name);
          return [
            model.name,
            count(model.served),
            audited === undefined ? count(0) : `${count(audited.answers)} (${share(audited.answers, model.served)})`,
            count(audited?.compared ?? 0),
            count(audited?.different ?? 0),
          ];
        })}
      />
    ),
  },
};

/** What is in a stage; brought into sight, where it opens below what is to be seen. */
export function StageDetail({
  stage,
  onClose,
  ...shown
}: Shown & { readonly stage: StageId; readonly onClose: () => void }) {
  const shownAt = useRef<HTMLElement>(null);
  useEffect(() => shownAt.current?.scrollIntoView({ block: "nearest" }), [stage]);
  const detail = details[stage];
  if (detail === undefined) return null;
  return (
    <section ref={shownAt} className="stage-detail panel" aria-labelledby="stage-title">
      <div className="stage-detail-head">
        <div>
          <h2 id="stage-title">{detail.title}</h2>
          <p className="note">{detail.says}</p>
        </div>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
      {detail.show(shown)}
    </section>
  );
}

function Views({ live: { status }, kind }: { readonly live: Live; readonly kind: string }) {
  const views = status.views.filter((view) => view.kind === kind);
  if (views.length === 0) return <p>The definitions have none.</p>;
  return (
    <Rows
      label="Views"
      head={["View", ...(kind === "batchView" ? ["#Rows offline"] : []), "#Keys online", "Online state", "Last event"]}
      rows={views.map((view) => [
        <Link key="view" href={addressOf("/features", { view: view.name })}>
          {view.name}
        </Link>,
        ...(kind === "batchView" ? [count(view.offlineRows)] : []),
        count(view.onlineKeys),
        view.onlinePosition === null
          ? "not there: asof materialize"
          : view.stale
            ? "stale: newer loads are not in, asof materialize"
            : "up to date",
        <Moment key="event" at={view.maxEvent} />,
      ])}
    />
  );
}

function Runs({ runs, none }: { readonly runs: readonly Run[]; readonly none: string }) {
  if (runs.length === 0) return <p>{none}</p>;
  return (
    <Rows
      label="Runs"
      head={["#Run", "Target", "State", "#Rows", "#Took", "Ended"]}
      rows={runs
        .slice(0, 8)
        .map((run) => [
          run.id,
          run.target,
          run.state,
          count(run.rows),
          seconds(run.seconds),
          <Moment key="ended" at={run.endedAt} />,
        ])}
    />
  );
}

/** A table; a head that begins with # is of numbers. */
function Rows({
  label,
  head,
  rows,
}: {
  readonly label: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly ReactNode[])[];
}) {
  return (
    <ScrollTable label={label}>
      <thead>
        <tr>
          {head.map((title, i) => (
            <th key={i} className={title.startsWith("#") ? "number" : undefined}>
              {title.replace("#", "")}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, i) => (
          <tr key={i}>
            {row.map((cell, j) => (
              <td key={j} className={head[j].startsWith("#") ? "number" : undefined}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  );
}

function Facts({
  facts,
  more,
}: {
  readonly facts: readonly (readonly [string, ReactNode])[];
  readonly more?: ReactNode;
}) {
  return (
    <>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {more !== undefined && <p>{more}</p>}
    </>
  );
}
