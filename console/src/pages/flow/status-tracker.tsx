import { useId, useState } from "react";
import type { Run, Status } from "../../api/answers.ts";
import { count, countOf } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { afterSteps, type Snapshot, snapshotsOf, steps } from "./history.ts";
import "./status-tracker.css";

/** What there was of each thing at the start, after each step and at a moment that a slider chooses. */
export function StatusTracker({ runs, status }: { readonly runs: readonly Run[]; readonly status: Status }) {
  const snapshots = snapshotsOf(runs);
  const newest = snapshots.length - 1;
  // Null follows what is newest.
  const [chosen, setChosen] = useState<number | null>(null);
  const at = Math.min(chosen ?? newest, newest);
  const id = useId();
  const rows = afterSteps(snapshots, at);
  const batch = new Set(status.views.filter(({ kind }) => kind === "batchView").map(({ name }) => name));
  const shown = snapshots[at];
  return (
    <Section
      title="Status tracker"
      note="What there was at the start, once each step was first done, and at the moment that the slider chooses; from the recorded runs."
    >
      <div className="tracker-slider">
        <label htmlFor={id}>Moment</label>
        <input
          id={id}
          type="range"
          min={0}
          max={newest}
          value={at}
          aria-valuetext={
            shown.run === null ? "the start" : `after run ${shown.run.id}, ${shown.run.kind} ${shown.run.target}`
          }
          onChange={({ target }) => setChosen(Number(target.value) === newest ? null : Number(target.value))}
        />
        <output htmlFor={id}>
          {shown.run === null ? (
            "The start: nothing has run"
          ) : (
            <>
              After run {shown.run.id}, {shown.run.kind} {shown.run.target} · <Moment at={shown.run.endedAt} />
            </>
          )}
        </output>
      </div>
      <ScrollTable label="Status tracker">
        <thead>
          <tr>
            <th>When</th>
            <th>Raw data</th>
            <th>Batch features</th>
            <th>Real-time features</th>
            <th>Model</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((snapshot, i) => (
            <tr key={steps[i].name} className={snapshot === null ? "tracker-later" : undefined}>
              <th scope="row">{steps[i].name}</th>
              <Cells snapshot={snapshot} batch={batch} />
            </tr>
          ))}
          <tr className="tracker-chosen">
            <th scope="row">{at === newest ? "Now" : "At the moment"}</th>
            <Cells snapshot={shown} batch={batch} />
          </tr>
        </tbody>
      </ScrollTable>
    </Section>
  );
}

function Cells({ snapshot, batch }: { readonly snapshot: Snapshot | null; readonly batch: ReadonlySet<string> }) {
  if (snapshot === null)
    return (
      <td colSpan={4} className="muted">
        not done by then
      </td>
    );
  const { loaded, archived, batchRows, online, model, streamed } = snapshot;
  const batchOnline = [...online].filter(([view]) => batch.has(view));
  const realTime = [...online].filter(([view]) => !batch.has(view));
  const keys = (of: readonly (readonly [string, number])[]): number => of.reduce((sum, [, n]) => sum + n, 0);
  return (
    <>
      <td>
        {loaded + archived === 0 ? (
          <None />
        ) : (
          <>
            <span className="offline">{count(loaded)} records loaded</span>
            {archived > 0 && <span className="more offline">{count(archived)} archived from the log</span>}
          </>
        )}
      </td>
      <td>
        {batchRows === 0 ? (
          <None />
        ) : (
          <>
            <span className="offline">{count(batchRows)} rows offline</span>
            <span className={batchOnline.length === 0 ? "more muted" : "more online"}>
              {batchOnline.length === 0 ? "not online" : `${count(keys(batchOnline))} keys online`}
            </span>
          </>
        )}
      </td>
      <td>
        {realTime.length === 0 ? (
          <span className="muted">not online</span>
        ) : (
          <>
            <span className="online">
              {countOf(realTime.length, "view")} online, {count(keys(realTime))} keys
            </span>
            {streamed > 0 && <span className="more online">{count(streamed)} events folded by replays</span>}
          </>
        )}
      </td>
      <td>
        {model === null ? (
          <None />
        ) : (
          <>
            Version {model.version} {model.promoted ? "serves" : "trained"}
            {model.auc !== null && <span className="more muted">AUC {model.auc.toFixed(3)}, held out</span>}
          </>
        )}
      </td>
    </>
  );
}

function None() {
  return <span className="muted">none</span>;
}
