import type { Live, Run } from "../../api/answers.ts";
import { bytes, count, NONE, seconds } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { predictionsOf } from "../../parts/totals.ts";
import "./process-table.css";

interface Row {
  readonly step: number;
  readonly action: string;
  readonly place: "offline" | "online" | "models" | "log";
  readonly location: string;
  readonly purpose: string;
  readonly kinds: readonly string[];
  readonly result: (rows: number) => string;
}

const rows: readonly Row[] = [
  {
    step: 1,
    action: "Ingest raw data",
    place: "offline",
    location: "offline store",
    purpose: "history to learn from",
    kinds: ["load"],
    result: (n) => `${count(n)} records`,
  },
  {
    step: 2,
    action: "Compute batch features",
    place: "offline",
    location: "offline store",
    purpose: "training, materialization",
    kinds: ["compute"],
    result: (n) => `${count(n)} rows`,
  },
  {
    step: 3,
    action: "Train the model",
    place: "models",
    location: "model registry",
    purpose: "predictions",
    kinds: ["train"],
    result: (n) => `${count(n)} examples`,
  },
  {
    step: 4,
    action: "Materialize",
    place: "online",
    location: "online store",
    purpose: "serving",
    kinds: ["materialize"],
    result: (n) => `${count(n)} keys`,
  },
];

/** The five steps with what was recorded of each. */
export function ProcessTable({ runs, live: { status } }: { readonly runs: readonly Run[]; readonly live: Live }) {
  const served = predictionsOf(status);
  return (
    <Section
      title="Process"
      note="The five steps, where each leaves its data and what for, with what their runs recorded."
    >
      <div className="process">
        <ScrollTable label="Process">
          <thead>
            <tr>
              <th className="number">Step</th>
              <th>Action</th>
              <th>Data location</th>
              <th>Purpose</th>
              <th>Result</th>
              <th className="number">Runs</th>
              <th className="number">Took</th>
              <th className="number">Written</th>
              <th>Last</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const done = runs.filter((run) => row.kinds.includes(run.kind) && run.state === "succeeded");
              const sum = (of: "rows" | "seconds" | "bytes"): number =>
                done.reduce((total, run) => total + (run[of] ?? 0), 0);
              return (
                <tr key={row.action}>
                  <td className="number">{row.step}</td>
                  <th scope="row">{row.action}</th>
                  <td>
                    <Place place={row.place}>{row.location}</Place>
                  </td>
                  <td>{row.purpose}</td>
                  <td className="process-result">{done.length === 0 ? "not yet" : row.result(sum("rows"))}</td>
                  <td className="number">{count(done.length)}</td>
                  <td className="number">{done.length === 0 ? NONE : seconds(sum("seconds"))}</td>
                  <td className="number">{done.length === 0 ? NONE : bytes(sum("bytes"))}</td>
                  <td>
                    <Moment at={done[0]?.endedAt ?? null} />
                  </td>
                </tr>
              );
            })}
            <tr>
              <td className="number">4</td>
              <th scope="row">Compute real-time features</th>
              <td>
                <Place place="log">log</Place> → <Place place="online">online store</Place>
              </td>
              <td>serving</td>
              <td className="process-result">
                {status.log.folded === 0 ? "not yet" : `${count(status.log.folded)} log entries`}
              </td>
              <td className="number">
                <span className="muted">live</span>
              </td>
              <td className="number">{NONE}</td>
              <td className="number">{NONE}</td>
              <td>
                <Moment at={status.watermark} />
              </td>
            </tr>
            <tr>
              <td className="number">5</td>
              <th scope="row">Serve predictions</th>
              <td>
                <Place place="online">online store</Place> → <Place place="log">log</Place>
                <br />→ <Place place="offline">offline store</Place>
              </td>
              <td>application, monitoring</td>
              <td className="process-result">{served === 0 ? "not yet" : `${count(served)} predictions`}</td>
              <td className="number">
                <span className="muted">live</span>
              </td>
              <td className="number">{NONE}</td>
              <td className="number">{NONE}</td>
              <td>{NONE}</td>
            </tr>
          </tbody>
        </ScrollTable>
      </div>
    </Section>
  );
}

function Place({ place, children }: { readonly place: Row["place"]; readonly children: string }) {
  return <span className={`process-place ${place}`}>{children}</span>;
}
