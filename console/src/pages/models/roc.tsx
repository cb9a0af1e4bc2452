import type { HeldOutFindings } from "../../api/answers.ts";
import { count, digits } from "../../parts/figures.ts";
import { lineThrough, SquarePlot } from "./square-plot.tsx";

type Curve = NonNullable<HeldOutFindings["roc"]>;

/** How many of the true ones are found, for how many of the false ones taken along. */
export function Roc({
  roc,
  baseline,
  auc,
}: {
  readonly roc: Curve;
  readonly baseline: Curve | null;
  readonly auc: number;
}) {
  return (
    <SquarePlot
      name="ROC curve"
      says={`ROC curve of ${count(roc.positives)} true and ${count(roc.negatives)} false examples; the area under it is ${digits(auc)}`}
      most={1}
      across="share of the false ones taken for true"
      up="share of the true ones found"
      withBaseline={baseline !== null}
    >
      {(scale) => (
        <>
          {baseline !== null && <path d={lineThrough(pointsOf(baseline), scale)} className="plot-line ink-quiet" />}
          <path d={lineThrough(pointsOf(roc), scale)} className="plot-line ink-text" />
        </>
      )}
    </SquarePlot>
  );
}

function pointsOf({ positives, negatives, points }: Curve): readonly (readonly [number, number])[] {
  return [[0, 0], ...points.map((one) => [one.falsePositives / negatives, one.truePositives / positives] as const)];
}
