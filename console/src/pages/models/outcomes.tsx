import type { Metrics } from "../../api/answers.ts";
import { useAnswer } from "../../api/use-answer.ts";
import { count, digits, NONE, span } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";

interface Comparison {
  readonly source: string;
  readonly t: string;
  readonly within: number;
  readonly versions: readonly {
    readonly version: number;
    readonly role: string;
    readonly predictions: number;
    readonly withOutcome: number;
    readonly waiting: number;
    readonly metrics: Metrics | null;
  }[];
}

/** How each version has done as outcomes came in, by its role; nothing where the server cannot tell. */
export function Outcomes({ model }: { readonly model: string }) {
  const { data } = useAnswer<Comparison>(`/v1/models/${encodeURIComponent(model)}/comparison`);
  if (data === null || data.versions.length === 0) return null;
  return (
    <Section
      title="As outcomes come in"
      note={
        <>
          Each logged prediction with what became of it, from {data.source}, within {span(data.within)}, as known at{" "}
          <Moment at={data.t} />.
        </>
      }
    >
      <ScrollTable label="As outcomes come in">
        <thead>
          <tr>
            <th>Version</th>
            <th>Role</th>
            <th className="number">Predictions</th>
            <th className="number">With outcome</th>
            <th className="number">Waiting</th>
            <th className="number">AUC or RMSE</th>
            <th className="number">Log loss or MAE</th>
          </tr>
        </thead>
        <tbody>
          {data.versions.map(({ version, role, predictions, withOutcome, waiting, metrics }) => (
            <tr key={`${version} ${role}`}>
              <th scope="row">Version {version}</th>
              <td>{role}</td>
              <td className="number">{count(predictions)}</td>
              <td className="number">{count(withOutcome)}</td>
              <td className="number">{count(waiting)}</td>
              <td className="number">
                {figure(metrics?.task === "regression" ? metrics.rmse : (metrics?.auc ?? null))}
              </td>
              <td className="number">
                {figure(metrics?.task === "regression" ? metrics.mae : (metrics?.logLoss ?? null))}
              </td>
            </tr>
          ))}
        </tbody>
      </ScrollTable>
    </Section>
  );
}

function figure(value: number | null): string {
  return value === null ? NONE : digits(value);
}
