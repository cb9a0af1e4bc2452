import type { ClassificationMetrics, Metrics, ModelEvaluation, ModelVersion } from "../../api/answers.ts";
import { useAnswer } from "../../api/use-answer.ts";
import { count, digits, NONE } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { Refused } from "../../parts/notice.tsx";
import { Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { Calibration } from "./calibration.tsx";
import { Importance } from "./importance.tsx";
import { Roc } from "./roc.tsx";

interface Measure {
  readonly name: string;
  readonly says: string;
  readonly of: (metrics: Metrics) => number | null;
  readonly better: "higher" | "lower";
}

const classification: readonly Measure[] = [
  {
    name: "AUC",
    says: "the chance that a true one ranks above a false one",
    of: (m) => (m as ClassificationMetrics).auc,
    better: "higher",
  },
  {
    name: "Log loss",
    says: "how surprised it is by what comes",
    of: (m) => (m as ClassificationMetrics).logLoss,
    better: "lower",
  },
  {
    name: "Accuracy",
    says: "right at a threshold of one half",
    of: (m) => (m as ClassificationMetrics).accuracy,
    better: "higher",
  },
  {
    name: "Calibration error",
    says: "how far probabilities are from shares",
    of: (m) => (m as ClassificationMetrics).calibrationError,
    better: "lower",
  },
];

const regression: readonly Measure[] = [
  {
    name: "RMSE",
    says: "root of the mean square of errors",
    of: (m) => (m.task === "regression" ? m.rmse : null),
    better: "lower",
  },
  { name: "MAE", says: "mean size of errors", of: (m) => (m.task === "regression" ? m.mae : null), better: "lower" },
  {
    name: "R²",
    says: "share of the variance it explains",
    of: (m) => (m.task === "regression" ? m.r2 : null),
    better: "higher",
  },
];

/** How good a version was on held-out time, beside the same trainer without the store's features. */
export function Quality({
  version: { model, version, metrics, baseline, heldOut },
}: {
  readonly version: ModelVersion;
}) {
  const evaluation = useAnswer<ModelEvaluation>(
    `/v1/models/${encodeURIComponent(model)}/evaluation?version=${version}`,
  );
  const findings = evaluation.data?.findings ?? null;
  const measures = metrics.task === "classification" ? classification : regression;
  return (
    <>
      <Section
        title={`How good version ${version} is`}
        note={
          <>
            On {count(metrics.rows)} held-out examples of <Moment at={heldOut.from} /> to <Moment at={heldOut.until} />,
            which are later than all it learned from.
          </>
        }
      >
        <ScrollTable label="Metrics" fits>
          <thead>
            <tr>
              <th>Metric</th>
              <th className="number">With the store’s features</th>
              <th className="number">Without</th>
              <th className="number">Gain</th>
            </tr>
          </thead>
          <tbody>
            {measures.map(({ name, says, of, better }) => {
              const [it, other] = [of(metrics), baseline === null ? null : of(baseline)];
              const gain = it === null || other === null ? null : better === "higher" ? it - other : other - it;
              return (
                <tr key={name}>
                  <th scope="row">
                    {name}
                    <span className="more muted">
                      {says}; {better} is better
                    </span>
                  </th>
                  <td className="number">
                    {it === null ? NONE : digits(it)}
                    {name === "AUC" && metrics.task === "classification" && metrics.aucStandardError !== null && (
                      <span className="muted spread"> ± {digits(metrics.aucStandardError)}</span>
                    )}
                  </td>
                  <td className="number">{other === null ? NONE : digits(other)}</td>
                  <td className={gain !== null && gain < 0 ? "number bad" : "number"}>
                    {gain === null ? NONE : `${gain > 0 ? "+" : "−"}${digits(Math.abs(gain))}`}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </ScrollTable>
        {metrics.task === "classification" && (
          <div className="plots">
            {findings !== null && findings.roc !== null && metrics.auc !== null && (
              <Roc roc={findings.roc} baseline={findings.baselineRoc} auc={metrics.auc} />
            )}
            <Calibration metrics={metrics} baseline={baseline?.task === "classification" ? baseline : null} />
          </div>
        )}
        {evaluation.refusal !== null && <Refused refusal={evaluation.refusal} again={evaluation.again} />}
        {evaluation.data !== null && findings === null && (
          <p className="note quality-before">
            This version was trained before its ROC curve and the importance of its features were kept. A version that
            is trained now has them: <code>asof train {model}</code>
          </p>
        )}
      </Section>
      {findings !== null && findings.importance !== null && findings.importance.features.length > 0 && (
        <Importance key={version} version={version} importance={findings.importance} />
      )}
    </>
  );
}
