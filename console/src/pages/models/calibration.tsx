import type { ClassificationMetrics } from "../../api/answers.ts";
import { lineThrough, SquarePlot } from "./square-plot.tsx";

/** What was predicted against what came: on the diagonal a probability of 0.3 comes true three times in ten. */
export function Calibration({
  metrics,
  baseline,
}: {
  readonly metrics: ClassificationMetrics;
  readonly baseline: ClassificationMetrics | null;
}) {
  const points = (of: ClassificationMetrics) =>
    of.calibration.map(({ predicted, observed }) => [predicted, observed] as const);
  const largest = Math.max(...points(metrics).flat(), ...(baseline === null ? [] : points(baseline).flat()));
  return (
    <SquarePlot
      name="Calibration"
      says="Calibration: predicted probability against the share that came true"
      most={Math.max(0.2, Math.min(1, Math.ceil(largest * 5) / 5))}
      across="predicted probability"
      up="share that came true"
      withBaseline={baseline !== null}
    >
      {(scale) => (
        <>
          {baseline !== null && <path d={lineThrough(points(baseline), scale)} className="plot-line ink-quiet" />}
          <path d={lineThrough(points(metrics), scale)} className="plot-line ink-text" />
          {points(metrics).map(([predicted, observed]) => (
            <circle
              key={predicted}
              cx={scale.x(predicted)}
              cy={scale.y(observed)}
              r={3.5}
              className="plot-area ink-text"
            />
          ))}
        </>
      )}
    </SquarePlot>
  );
}
