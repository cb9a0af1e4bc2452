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
  const ends = known.flatMap(({ value, standardError }) => [
    value - Z * (standardError ?? 0),
    value + Z * (standardError ?? 0),
  ]);
  const [low, high] = bounds([...ends, ...(promised === null ? [] : [promised])], metric === "auc" ? 1 : Infinity);
  const [first, last] = [micros(known[0].from), micros(known.at(-1)!.until)];
  const x = (at: number): number => LEFT + ((at - first) / Math.max(1, last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - FOOT - ((value - low) / (high - low)) * (HEIGHT - FOOT - TOP);
  const middle = ({ from, until }: Stretch): number => x((micros(from) + micros(until)) / 2);
  const ticks = [0, 1, 2, 3, 4].map((i) => low + (i * (high - low)) / 4);
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
          {known.map((one) => (
            <g key={one.from} className="course-stretch">
              <title>{`${utcSeconds(one.from)} to ${utcSeconds(one.until)} UTC: ${digits(one.value)}, ${count(one.withOutcome)} outcomes`}</title>
              <line x1={x(micros(one.from))} x2={x(micros(one.until))} y1={y(one.value)} y2={y(one.value)} />
              {one.standardError !== null && (
                <line
                  x1={middle(one)}
                  x2={middle(one)}
                  y1={y(one.value - Z * one.standardError)}
                  y2={y(one.value + Z * one.standardError)}
                />
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

/** Round numbers around all values, none below 0. */
function bounds(values: readonly number[], most: number): [low: number, high: number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const step = 10 ** Math.floor(Math.log10(Math.max(high - low, Math.abs(high) / 20, 1e-9))) / 2;
  const bottom = Math.max(0, Math.floor(low / step) * step);
  return [bottom, Math.max(bottom + step, Math.min(most, Math.ceil(high / step) * step))];
}

const micros = (moment: string): number => Date.parse(moment) * 1000;
