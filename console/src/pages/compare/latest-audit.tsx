import type { AuditTarget } from "../../api/answers.ts";
import { useLive } from "../../live/live-stream.ts";
import { count, countOf, share, span } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";

/** What the audit that goes on while the store serves has found. */
export function LatestAudit() {
  const { live } = useLive();
  if (live === null) return null;
  const { audit } = live.status;
  const examples = audit.targets.flatMap((target) => target.examples.map((example) => ({ target, example })));
  return (
    <Section
      title="Latest audit"
      note={
        audit.running
          ? `While the store serves, ${share(audit.sample, 1)} of its answers are computed again from history every ${span(audit.every)}.`
          : "This process does not audit: the one that writes the store does, where its configuration lets it."
      }
    >
      <p className={audit.different === 0 ? "verdict verdict-same" : "verdict verdict-different"}>
        {audit.compared === 0
          ? "Nothing was compared yet."
          : `${countOf(audit.compared, "value")} of ${countOf(audit.answers, "answer")} compared, ${count(audit.different)} different.`}
        {audit.waiting > 0 && ` ${countOf(audit.waiting, "answer")} wait.`}
        {audit.failure !== null && ` The last attempt failed: ${audit.failure}`}
      </p>
      {audit.targets.some(({ answers }) => answers > 0) && (
        <ScrollTable label="Audit by service and model">
          <thead>
            <tr>
              <th>Of</th>
              <th className="number">Answers</th>
              <th className="number">Values compared</th>
              <th className="number">Different</th>
              <th>Features that differed</th>
              <th>Last</th>
            </tr>
          </thead>
          <tbody>
            {audit.targets
              .filter(({ answers }) => answers > 0)
              .map((target) => (
                <tr key={`${target.kind} ${target.name}`}>
                  <th scope="row">
                    {target.name}{" "}
                    <span className="muted">{target.kind === "predict" ? "predictions" : "features"}</span>
                  </th>
                  <td className="number">{count(target.answers)}</td>
                  <td className="number">{count(target.compared)}</td>
                  <td className={target.different === 0 ? "number" : "number bad"}>{count(target.different)}</td>
                  <td>{differing(target) || <span className="muted">none</span>}</td>
                  <td>
                    <Moment at={target.lastRun} />
                  </td>
                </tr>
              ))}
          </tbody>
        </ScrollTable>
      )}
      {examples.length > 0 && (
        <ScrollTable label="Examples of differences">
          <thead>
            <tr>
              <th>What</th>
              <th>Moment</th>
              <th>Request</th>
              <th className="online">Served</th>
              <th className="offline">From history</th>
            </tr>
          </thead>
          <tbody>
            {examples.slice(0, 20).map(({ target, example }, i) => (
              <tr key={i}>
                <th scope="row">
                  {target.name}: {example.what}
                </th>
                <td>
                  <Moment at={example.t} exact />
                </td>
                <td className="value">{JSON.stringify(example.request)}</td>
                <td className="value">{example.served}</td>
                <td className="value">{example.recomputed}</td>
              </tr>
            ))}
          </tbody>
        </ScrollTable>
      )}
    </Section>
  );
}

function differing({ features }: AuditTarget): string {
  return Object.entries(features)
    .filter(([, { different }]) => different > 0)
    .map(([name, { different }]) => `${name} (${different})`)
    .join(", ");
}
