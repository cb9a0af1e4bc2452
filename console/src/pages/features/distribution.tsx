import { useAnswer } from "../../api/use-answer.ts";
import { count, digits } from "../../parts/figures.ts";
import { Refused } from "../../parts/notice.tsx";
import { Plot } from "../../parts/plot/plot.tsx";
import { roundTicksWithin, tickTexts } from "../../parts/plot/ticks.ts";
import "./distribution.css";

interface Answer {
  readonly version: number | null;
  readonly histogram: {
    readonly edges: readonly number[];
    readonly trained: readonly number[];
    readonly served: readonly number[];
  } | null;
}

const HEIGHT = 190;
const LEFT = 48;
const RIGHT = 14;
const FOOT = 24;
const TOP = 10;

/** How a feature is spread in training, and in serving over it: each as shares of its own, so that their shapes compare. */
export function Distribution({ model, feature }: { readonly model: string; readonly feature: string }) {
  const { data, refusal } = useAnswer<Answer>(
    `/v1/distribution/${encodeURIComponent(model)}?feature=${encodeURIComponent(feature)}`,
  );
  if (refusal !== null) return <Refused refusal={refusal} />;
  if (data === null || data.histogram === null) return null;
  const { edges, trained, served } = data.histogram;
  const sum = (counts: readonly number[]): number => counts.reduce((total, one) => total + one, 0);
  const [allTrained, allServed] = [sum(trained), sum(served)];
  const shares = (counts: readonly number[], all: number): readonly number[] =>
    counts.map((one) => (all === 0 ? 0 : one / all));
  const [before, now] = [shares(trained, allTrained), shares(served, allServed)];
  const most = Math.max(...before, ...now, 1e-9);
  const [low, high] = [edges[0], edges.at(-1)!];
  const said = `${feature}: ${count(allTrained)} values in training, ${count(allServed)} in serving, from ${digits(low)} to ${digits(high)}`;
  const ticks = roundTicksWithin(low, high, 6);
  const texts = tickTexts(ticks);
  const parts = roundTicksWithin(0, most, 4);
  const percents = tickTexts(parts.map((part) => 100 * part));
  return (
    <div className="distribution panel">
      <Plot
        title={`Values of ${feature}`}
        says={said}
        height={() => HEIGHT}
        marks={[
          { mark: "area", ink: "offline-soft", name: `trained on, share of ${count(allTrained)}` },
          { mark: "line", ink: "online", name: `served, share of ${count(allServed)}` },
        ]}
      >
        {(width) => {
          const step = (width - LEFT - RIGHT) / trained.length;
          const x = (i: number): number => LEFT + i * step;
          const y = (part: number): number => HEIGHT - FOOT - (part / most) * (HEIGHT - FOOT - TOP);
          const outline = now
            .map((part, i) => `${i === 0 ? "M" : "L"}${x(i)} ${y(part)} L${x(i + 1)} ${y(part)}`)
            .join(" ");
          return (
            <>
              {parts.map((part, i) => (
                <g key={part}>
                  <line x1={LEFT} x2={width - RIGHT} y1={y(part)} y2={y(part)} className="plot-axis" />
                  <text x={LEFT - 6} y={y(part) + 4} textAnchor="end">
                    {`${percents[i]}\u00a0%`}
                  </text>
                </g>
              ))}
              {before.map((part, i) => (
                <rect
                  key={edges[i]}
                  x={x(i) + 0.5}
                  width={Math.max(0.5, step - 1)}
                  y={y(part)}
                  height={y(0) - y(part)}
                  className="plot-area ink-offline-soft"
                />
              ))}
              <path d={outline} className="plot-line ink-online" />
              {ticks.map((tick, i) => (
                <text
                  key={tick}
                  x={x(((tick - low) / (high - low || 1)) * trained.length)}
                  y={HEIGHT - 6}
                  textAnchor={tick === low ? "start" : "middle"}
                >
                  {texts[i]}
                </text>
              ))}
            </>
          );
        }}
      </Plot>
    </div>
  );
}
