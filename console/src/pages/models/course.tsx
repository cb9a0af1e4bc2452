import type { Comparison, Metrics } from "../../api/answers.ts";
import { count, digits } from "../../parts/figures.ts";
import { Plot, type PlotMark } from "../../parts/plot/plot.tsx";
import { roundTicks, tickTexts } from "../../parts/plot/ticks.ts";
import { useClock } from "../../times/zone.ts";
import { type MetricName, names } from "./metric-names.ts";

type Stretch = Comparison["versions"][number]["course"][number];

const HEIGHT = 196;
const LEFT = 46;
const RIGHT = 12;
const TOP = 12;
const FOOT = 10;
/** Half of a 95 % interval, in standard errors. */
const Z = 1.96;

/** How well the version that serves predicts as time goes on, beside what it promised on held-out time. */
export function Course({
  version,
  metric,
  course,
  heldOut,
}: {
  readonly version: number;
  readonly metric: MetricName;
  readonly course: readonly Stretch[];
  readonly heldOut: Metrics | null;
}) {
  const clock = useClock();
  const known = course.filter((one): one is Stretch & { readonly value: number } => one.value !== null);
  if (known.length < 2) return null;
  const promised = heldOut === null ? null : ((heldOut as Partial<Record<MetricName, number | null>>)[metric] ?? null);
  const [name] = names[metric];
  // An interval may reach beyond what the metric can be.
  const most = metric === "auc" ? 1 : Infinity;
  const ends = known.map(({ value, standardError }) =>
    [value - Z * (standardError ?? 0), value + Z * (standardError ?? 0)].map((end) => Math.min(most, Math.max(0, end))),
  );
  const ticks = roundTicks([...ends.flat(), ...(promised === null ? [] : [promised])]);
  const [low, high] = [ticks[0], ticks.at(-1)!];
  const [first, last] = [micros(known[0].from), micros(known.at(-1)!.until)];
  const said = `${name} of version ${version} in ${known.length} stretches of time, from ${digits(known[0].value)} to ${digits(known.at(-1)!.value)}`;
  const texts = tickTexts(ticks);
  const marks: readonly PlotMark[] = [
    { mark: "line", ink: "online", name: `each of ${count(known[0].withOutcome)} outcomes, with 95 % intervals` },
    ...(promised === null
      ? []
      : [{ mark: "dashed", ink: "quiet", name: `on held-out time: ${digits(promised)}` } as const]),
  ];
  return (
    <div className="course">
      <Plot
        title={`${name} of version ${version} as time goes on`}
        says={said}
        height={() => HEIGHT}
        marks={marks}
        ends={[clock(known[0].from), clock(known.at(-1)!.until)]}
      >
        {(width) => {
          const x = (at: number): number => LEFT + ((at - first) / Math.max(1, last - first)) * (width - LEFT - RIGHT);
          const y = (value: number): number => HEIGHT - FOOT - ((value - low) / (high - low)) * (HEIGHT - FOOT - TOP);
          const middle = ({ from, until }: Stretch): number => x((micros(from) + micros(until)) / 2);
          return (
            <>
              {ticks.map((tick, i) => (
                <g key={tick}>
                  <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} className="plot-axis" />
                  <text x={LEFT - 6} y={y(tick) + 4} textAnchor="end">
                    {texts[i]}
                  </text>
                </g>
              ))}
              {promised !== null && (
                <line
                  x1={LEFT}
                  x2={width - RIGHT}
                  y1={y(promised)}
                  y2={y(promised)}
                  className="plot-dashed ink-quiet"
                />
              )}
              <g className="ink-online">
                <path
                  d={known.map((one, i) => `${i === 0 ? "M" : "L"}${middle(one)} ${y(one.value)}`).join(" ")}
                  className="plot-line"
                />
                {known.map((one, i) => (
                  <g key={one.from} className="plot-thin">
                    <title>{`${clock(one.from)} to ${clock(one.until)}: ${digits(one.value)}, ${count(one.withOutcome)} outcomes`}</title>
                    <line x1={x(micros(one.from))} x2={x(micros(one.until))} y1={y(one.value)} y2={y(one.value)} />
                    {one.standardError !== null && (
                      <line x1={middle(one)} x2={middle(one)} y1={y(ends[i][0])} y2={y(ends[i][1])} />
                    )}
                    <circle cx={middle(one)} cy={y(one.value)} r={3} className="plot-area" />
                  </g>
                ))}
              </g>
            </>
          );
        }}
      </Plot>
    </div>
  );
}

const micros = (moment: string): number => Date.parse(moment) * 1000;
