import type { Comparison, Metrics } from "../../api/answers.ts";
import { count, digits, utcSeconds } from "../../parts/figures.ts";
import { type MetricName, names } from "./metric-names.ts";
import "./course.css";

type Stretch = Comparison["versions"][number]["course"][number];

const WIDTH = 760;
const HEIGHT = 210;
const LEFT = 46;
const RIGHT = 12;
const TOP = 12;
const FOOT = 24;
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
  const x = (at: number): number => LEFT + ((at - first) / Math.max(1, last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - FOOT - ((value - low) / (high - low)) * (HEIGHT - FOOT - TOP);
  const middle = ({ from, until }: Stretch): number => x((micros(from) + micros(until)) / 2);
  const said = `${name} of version ${version} in ${known.length} stretches of time, from ${digits(known[0].value)} to ${digits(known.at(-1)!.value)}`;
  return (
    <figure className="course">
      <figcaption>
        {name} of version {version} as time goes on
      </figcaption>
      <div className="course-scroll" role="region" aria-label={`${name} as time goes on`} tabIndex={0}>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said}>
          {ticks.map((tick) => (
            <g key={tick}>
              <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(tick)} y2={y(tick)} className="course-axis" />
              <text x={LEFT - 6} y={y(tick) + 4} textAnchor="end">
                {digits(tick)}
              </text>
            </g>
          ))}
          {promised !== null && (
            <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(promised)} y2={y(promised)} className="course-promised" />
          )}
          <path
            d={known.map((one, i) => `${i === 0 ? "M" : "L"}${middle(one)} ${y(one.value)}`).join(" ")}
            className="course-line"
          />
          {known.map((one, i) => (
            <g key={one.from} className="course-stretch">
              <title>{`${utcSeconds(one.from)} to ${utcSeconds(one.until)} UTC: ${digits(one.value)}, ${count(one.withOutcome)} outcomes`}</title>
              <line x1={x(micros(one.from))} x2={x(micros(one.until))} y1={y(one.value)} y2={y(one.value)} />
              {one.standardError !== null && (
                <line x1={middle(one)} x2={middle(one)} y1={y(ends[i][0])} y2={y(ends[i][1])} />
              )}
              <circle cx={middle(one)} cy={y(one.value)} r={3.5} />
            </g>
          ))}
          <text x={LEFT} y={HEIGHT - 6}>
            {utcSeconds(known[0].from)} UTC
          </text>
          <text x={WIDTH - RIGHT} y={HEIGHT - 6} textAnchor="end">
            {utcSeconds(known.at(-1)!.until)} UTC
          </text>
        </svg>
      </div>
      <p className="course-key">
        <span>each of {count(known[0].withOutcome)} outcomes, with 95 % intervals</span>
        {promised !== null && <span className="course-key-promised">on held-out time: {digits(promised)}</span>}
      </p>
    </figure>
  );
}

/** Round numbers, evenly apart, from below all values to above them: three to six of them. */
function roundTicks(values: readonly number[]): readonly number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const rough = Math.max(high - low, Math.abs(high) / 20, 1e-9) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (rough <= power * 2 ? 2 : rough <= power * 5 ? 5 : 10);
  const [first, last] = [Math.floor(low / step), Math.max(Math.ceil(high / step), Math.floor(low / step) + 1)];
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

const micros = (moment: string): number => Date.parse(moment) * 1000;
