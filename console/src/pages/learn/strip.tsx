import { milliseconds } from "../../parts/figures.ts";
import type { Sample } from "./asking.ts";

const WIDTH = 760;
const HEIGHT = 130;
const LEFT = 62;
const FOOT = 8;
const TOP = 10;
const SLOTS = 150;

/** What the last requests took, one by one, and how much of that was the store's. */
export function Strip({ samples }: { readonly samples: readonly Sample[] }) {
  if (samples.length === 0) return null;
  const most = Math.max(5, ...samples.map(({ total }) => total)) * 1.1;
  const x = (i: number): number => LEFT + ((i + 0.5) / SLOTS) * (WIDTH - LEFT);
  const y = (value: number): number => HEIGHT - FOOT - (value / most) * (HEIGHT - FOOT - TOP);
  return (
    <figure className="slow-strip">
      <figcaption>
        The last {samples.length} answers of step 5: <span className="slow-strip-store">the online store</span> and{" "}
        <span className="slow-strip-rest">the rest</span>
      </figcaption>
      <div className="slow-scroll" role="region" aria-label="The last answers" tabIndex={0}>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`Time of the last ${samples.length} answers`}>
          {[0, 0.5, 1].map((part) => (
            <g key={part}>
              <line x1={LEFT} x2={WIDTH} y1={y((part * most) / 1.1)} y2={y((part * most) / 1.1)} />
              <text x={LEFT - 8} y={y((part * most) / 1.1) + 4} textAnchor="end">
                {milliseconds((part * most) / 1.1)}
              </text>
            </g>
          ))}
          {samples.map(({ total, store }, i) => (
            <g key={i}>
              <rect x={x(i) - 1.5} width={3} y={y(total)} height={y(0) - y(total)} className="slow-rest" />
              <rect x={x(i) - 1.5} width={3} y={y(store)} height={y(0) - y(store)} className="slow-store" />
            </g>
          ))}
        </svg>
      </div>
    </figure>
  );
}
