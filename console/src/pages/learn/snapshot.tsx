import type { Status } from "../../api/answers.ts";
import { Link } from "../../navigation/link.tsx";
import { bytes, count } from "../../parts/figures.ts";
import { Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { keysOnline, recordsOf } from "../../parts/totals.ts";

/** The whole idea on one page. */
export function Snapshot({ status }: { readonly status: Status }) {
  const lines = [
    ["Answers", "What was true at any moment?", "What is true now?"],
    ["Asked by", "training, audits, analysis", "your application, at each request"],
    ["Holds", "all of history, with two times for each record", "the present of each key"],
    [
      "Here",
      `${count(recordsOf(status))} records, ${bytes(status.offline.bytes)}`,
      `${count(keysOnline(status))} keys, ${bytes(status.online.bytes)}`,
    ],
    ["Good at", "millions of moments in minutes", "one moment in microseconds"],
    ["Cannot", "answer at once", "tell of the past"],
    ["Filled by", "loads, computations and the log’s archive", "materialization, then each event"],
    ["Agree", "to the last bit, for the same moment", "to the last bit, for the same moment"],
  ] as const;
  return (
    <Section title="On one page">
      <ScrollTable label="The two stores" fits>
        <thead>
          <tr>
            <th>
              <span className="visually-hidden">What</span>
            </th>
            <th className="offline">Offline store</th>
            <th className="online">Online store</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(([what, offline, online]) => (
            <tr key={what}>
              <th scope="row">{what}</th>
              <td>{offline}</td>
              <td>{online}</td>
            </tr>
          ))}
        </tbody>
      </ScrollTable>
      <p className="learn-close">
        Two stores, because one question is about millions of past moments and the other about a single present one. One
        definition, so that both give the same answer. <Link href="/compare">See that they do</Link>
      </p>
    </Section>
  );
}
