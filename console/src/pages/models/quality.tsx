import type { ClassificationMetrics, Metrics, ModelVersion } from "../../api/answers.ts";
import { count, digits, NONE } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";

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
export function Quality({ version: { version, metrics, baseline, heldOut } }: { readonly version: ModelVersion }) {
  const measures = metrics.task === "classification" ? classification : regression;
  return (
    <Section
      title={`How good version ${version} is`}
      note={
        <>
          On {count(metrics.rows)} held-out examples of <Moment at={heldOut.from} /> to <Moment at={heldOut.until} />,
          which are later than all it learned from.
        </>
      }
    >
      <div className="quality">
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
                      <span className="muted"> ± {digits(metrics.aucStandardError)}</span>
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
          <Calibration metrics={metrics} baseline={baseline?.task === "classification" ? baseline : null} />
        )}
      </div>
    </Section>
  );
}

const SIZE = 360;
const EDGE = 46;

/** What was predicted against what came: on the diagonal a probability of 0.3 comes true three times in ten. */
function Calibration({
  metrics,
  baseline,
}: {
  readonly metrics: ClassificationMetrics;
  readonly baseline: ClassificationMetrics | null;
}) {
  const all = [...metrics.calibration, ...(baseline?.calibration ?? [])];
  const most = Math.min(
    1,
    Math.ceil(Math.max(...all.flatMap(({ predicted, observed }) => [predicted, observed])) * 10) / 10,
  );
  const at = (value: number): number => EDGE + (value / most) * (SIZE - EDGE - 18);
  const x = at;
  const y = (value: number): number => SIZE - at(value);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => part * most);
  const line = ({ calibration }: ClassificationMetrics): string =>
    calibration.map(({ predicted, observed }, i) => `${i === 0 ? "M" : "L"}${x(predicted)} ${y(observed)}`).join(" ");
  return (
    <figure className="calibration">
      <svg
        viewBox={`0 0 ${SIZE} ${SIZE}`}
        role="img"
        aria-label="Calibration: predicted probability against the share that came true"
      >
        {ticks.map((tick) => (
          <g key={tick}>
            <line x1={x(tick)} x2={x(tick)} y1={y(0)} y2={y(most)} className="calibration-axis" />
            <line x1={x(0)} x2={x(most)} y1={y(tick)} y2={y(tick)} className="calibration-axis" />
            <text x={x(tick)} y={SIZE - EDGE + 15} textAnchor="middle">
              {tick.toFixed(2)}
            </text>
            <text x={EDGE - 5} y={y(tick) + 4} textAnchor="end">
              {tick.toFixed(2)}
            </text>
          </g>
        ))}
        <line x1={x(0)} y1={y(0)} x2={x(most)} y2={y(most)} className="calibration-ideal" />
        {baseline !== null && <path d={line(baseline)} className="calibration-line calibration-without" />}
        <path d={line(metrics)} className="calibration-line calibration-with" />
        {metrics.calibration.map(({ predicted, observed }) => (
          <circle key={predicted} cx={x(predicted)} cy={y(observed)} r={3.5} className="calibration-with" />
        ))}
        <text x={(SIZE + EDGE) / 2} y={SIZE - 4} textAnchor="middle">
          predicted probability
        </text>
        <text transform={`translate(9 ${(SIZE - EDGE) / 2}) rotate(-90)`} textAnchor="middle">
          share that came true
        </text>
      </svg>
      <figcaption className="calibration-key">
        <span className="calibration-key-with">with the store’s features</span>
        <span>without</span>
      </figcaption>
    </figure>
  );
}
