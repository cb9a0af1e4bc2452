import { Fragment, useState } from "react";
import type { Run } from "../../api/answers.ts";
import type { ClientError } from "../../../../src/surfaces/client/client-error.ts";
import { useMay } from "../../api/access.tsx";
import { ask } from "../../api/ask.ts";
import { useAnswer } from "../../api/use-answer.ts";
import { useLive } from "../../live/live-stream.ts";
import { bytes, count, seconds, span } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { Empty, Loading, Refused } from "../../parts/notice.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { LiveCharts } from "./live-charts.tsx";
import "./runs-page.css";

export default function RunsPage() {
  const { live } = useLive();
  const mayAdminister = useMay("admin");
  const newest = live?.status.runs[0];
  const runs = useAnswer<{ runs: readonly Run[] }>(`/v1/runs?limit=1000#${newest?.id ?? ""}${newest?.state ?? ""}`);
  return (
    <Page
      title="Runs and health"
      lead="What ran and how it ended; how large, how fresh and how quick the store is."
      actions={mayAdminister ? <Actions /> : undefined}
    >
      {live !== null && <Health />}
      <LiveCharts />
      <Section
        title="Runs"
        note="The newest first. Start and end are by the store’s clock, which a replay moves; what a run took is real time."
      >
        {runs.refusal !== null && <Refused refusal={runs.refusal} again={runs.again} />}
        {runs.data === null && runs.refusal === null && <Loading what="the runs" />}
        {runs.data !== null && <RunTable runs={runs.data.runs} />}
      </Section>
    </Page>
  );
}

/** Milliseconds: a large store takes its time. */
const LONG = 3_600_000;

const actions = [
  { name: "Materialize", path: "/v1/materialize", body: {}, done: "All views are in the online store." },
  { name: "Audit now", path: "/v1/audit", body: null, done: "What waited has been compared with history." },
] as const;

function Actions() {
  const [busy, setBusy] = useState<string | null>(null);
  const [told, setTold] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<ClientError | null>(null);
  const start = async ({ name, path, body, done }: (typeof actions)[number]): Promise<void> => {
    setBusy(name);
    setTold(null);
    setRefusal(null);
    try {
      await ask(path, { method: "POST", timeout: LONG, ...(body !== null && { body }) });
      setTold(done);
    } catch (error) {
      setRefusal(error as ClientError);
    }
    setBusy(null);
  };
  return (
    <div className="run-actions">
      <div className="form-row">
        {actions.map((action) => (
          <button key={action.name} type="button" disabled={busy !== null} onClick={() => void start(action)}>
            {busy === action.name ? `${action.name} …` : action.name}
          </button>
        ))}
      </div>
      <p role="status" className="note">
        {told}
      </p>
      {refusal !== null && <Refused refusal={refusal} />}
    </div>
  );
}

function Health() {
  const { live } = useLive();
  const { status } = live!;
  const facts = [
    ["Online is behind by", span(status.freshness)],
    ["Waiting to be folded", `${count(status.log.unfolded)} records`],
    ["Log", bytes(status.log.bytes)],
    ["Offline store", bytes(status.offline.bytes)],
    ["Online store", bytes(status.online.bytes)],
    ["Audit waits with", `${count(status.audit.waiting)} answers`],
  ] as const;
  return (
    <dl className="facts health">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="figure-large">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function RunTable({ runs }: { readonly runs: readonly Run[] }) {
  const [kind, setKind] = useState("");
  const [state, setState] = useState("");
  const [open, setOpen] = useState<number | null>(null);
  const shown = runs.filter((run) => (kind === "" || run.kind === kind) && (state === "" || run.state === state));
  if (runs.length === 0)
    return (
      <Empty title="Nothing has run yet.">
        <p>Loads, computations and trainings show here.</p>
      </Empty>
    );
  return (
    <>
      <div className="form-row run-filters">
        <Choice name="Kind" value={kind} onChange={setKind} of={runs.map((run) => run.kind)} />
        <Choice name="State" value={state} onChange={setState} of={runs.map((run) => run.state)} />
      </div>
      <ScrollTable label="Runs">
        <thead>
          <tr>
            <th className="number">Run</th>
            <th>Kind</th>
            <th>Target</th>
            <th>State</th>
            <th className="number">Rows</th>
            <th className="number">Written</th>
            <th className="number">Took</th>
            <th>Where to</th>
            <th>Started</th>
            <th>
              <span className="visually-hidden">Details</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.slice(0, 200).map((run) => (
            <Fragment key={run.id}>
              <tr>
                <td className="number">{run.id}</td>
                <th scope="row">{run.kind}</th>
                <td>{run.target}</td>
                <td>
                  <State state={run.state} />
                </td>
                <td className="number">{count(run.rows)}</td>
                <td className="number">{bytes(run.bytes)}</td>
                <td className="number">{seconds(run.seconds)}</td>
                <td
                  className={
                    run.location.startsWith("offline")
                      ? "offline"
                      : run.location.startsWith("online")
                        ? "online"
                        : undefined
                  }
                >
                  {run.location}
                </td>
                <td>
                  <Moment at={run.startedAt} />
                </td>
                <td className="number">
                  <button
                    type="button"
                    className="plain"
                    aria-expanded={open === run.id}
                    aria-label={open === run.id ? `Close run ${run.id}` : `Details of run ${run.id}`}
                    onClick={() => setOpen(open === run.id ? null : run.id)}
                  >
                    {open === run.id ? "Close" : "Details"}
                  </button>
                </td>
              </tr>
              {open === run.id && (
                <tr>
                  <td colSpan={10} className="run-details">
                    <pre>
                      <code>{JSON.stringify(run.details, null, 2)}</code>
                    </pre>
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </ScrollTable>
      {shown.length > 200 && <p className="note">and {count(shown.length - 200)} older ones: asof runs</p>}
    </>
  );
}

function Choice({
  name,
  value,
  of,
  onChange,
}: {
  readonly name: string;
  readonly value: string;
  readonly of: readonly string[];
  readonly onChange: (value: string) => void;
}) {
  return (
    <label className="field">
      <span>{name}</span>
      <select value={value} onChange={({ target }) => onChange(target.value)}>
        <option value="">all</option>
        {[...new Set(of)].toSorted().map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
}

function State({ state }: { readonly state: Run["state"] }) {
  if (state === "succeeded") return state;
  return <span className={state === "running" ? "tag" : "tag tag-bad"}>{state}</span>;
}
