import { Fragment, useState } from "react";
import type { Run } from "../../api/answers.ts";
import { bytes, count, seconds } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { Empty } from "../../parts/notice.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { RunDetails } from "./run-details.tsx";

/** What ran; a run opens to what it came to do and what it found. */
export function RunTable({ runs }: { readonly runs: readonly Run[] }) {
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
                  <State run={run} />
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
                    <RunDetails run={run} />
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

function State({ run: { id, state, progress } }: { readonly run: Run }) {
  if (state === "succeeded") return state;
  if (state !== "running") return <span className="tag tag-bad">{state}</span>;
  return (
    <>
      <span className="tag">running</span>
      {progress !== null && (
        <span className="run-progress">
          {progress.total !== null && (
            <progress max={progress.total} value={progress.done} aria-label={`Progress of run ${id}`} />
          )}
          <span className="more muted">
            {progress.phase}
            {progress.done > 0 && `, ${count(progress.done)} ${progress.unit}`}
          </span>
        </span>
      )}
    </>
  );
}
