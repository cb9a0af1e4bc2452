import { milliseconds } from "../../parts/figures.ts";
import { Plot } from "../../parts/plot/plot.tsx";
import type { Sample } from "./asking.ts";

const HEIGHT = 130;
const LEFT = 62;
const FOOT = 8;
const TOP = 10;
/** Pixels from one answer to the next. */
const SLOT = 5;

/** What the last requests took, one by one, and how much of that was the store's: as many as there is room for. */
export function Strip({ samples }: { readonly samples: readonly Sample[] }) {
  if (samples.length === 0) return null;
  return (
    <Plot
      title="The last answers of step 5"
      says={`Time of the last ${samples.length} answers`}
      height={() => HEIGHT}
      marks={[
        { mark: "area", ink: "online", name: "waiting for the online store" },
        { mark: "area", ink: "quiet", name: "the rest of the server’s work" },
      ]}
    >
      {(width) => {
        const shown = samples.slice(-Math.floor((width - LEFT) / SLOT));
        const most = Math.max(5, ...shown.map(({ total }) => total));
        const y = (value: number): number => HEIGHT - FOOT - (value / most) * (HEIGHT - FOOT - TOP);
        return (
          <>
            {[0, 0.5, 1].map((part) => (
              <g key={part}>
                <line x1={LEFT} x2={width} y1={y(part * most)} y2={y(part * most)} className="plot-axis" />
                <text x={LEFT - 8} y={y(part * most) + 4} textAnchor="end">
                  {milliseconds(part * most)}
                </text>
              </g>
            ))}
            {shown.map(({ total, store }, i) => {
              const bar = { x: LEFT + i * SLOT + 1, width: SLOT - 2 };
              return (
                <g key={i}>
                  <rect {...bar} y={y(total)} height={y(0) - y(total)} className="plot-area ink-quiet" />
                  <rect {...bar} y={y(store)} height={y(0) - y(store)} className="plot-area ink-online" />
                </g>
              );
            })}
          </>
        );
      }}
    </Plot>
  );
}
