import { useClock } from "../times/zone.ts";
import { span } from "./figures.ts";
import { Plot, type PlotMark } from "./plot/plot.tsx";
import "./window-diagram.css";

interface DiagramRecord {
  readonly event: string;
  readonly available: string;
}

const TILES = 46;
/** More tiles than these are not drawn one by one. */
const MOST_TILES = 400;

/**
 * A window over time: its head at the moment that is asked about, its tail at the edge of a tile; each record from its
 * event to when it became available.
 */
export function WindowDiagram({
  start,
  end,
  t,
  hop,
  tiles = [],
  records,
}: {
  readonly start: string | null;
  readonly end: string;
  readonly t: string;
  readonly hop: number | null;
  readonly tiles?: readonly { readonly start: string | null; readonly records: number; readonly open: boolean }[];
  readonly records: readonly DiagramRecord[];
}) {
  const clock = useClock();
  const to = micros(end);
  const oldest = Math.min(...records.map(({ event }) => micros(event)), to - 1);
  const from = start === null ? oldest : micros(start);
  const latest = Math.max(to, micros(t), ...records.map(({ available }) => micros(available)));
  const room = (latest - from) * 0.06 || 1;
  const [first, last] = [from - room, latest + room];
  const edges: number[] = [];
  if (hop !== null && (to - from) / hop <= MOST_TILES)
    for (let edge = Math.ceil(from / hop) * hop; edge < to; edge += hop) edges.push(edge);
  const most = Math.max(1, ...tiles.map(({ records }) => records));
  const lanes = Math.min(records.length, 12);
  const height = TILES + 30 + lanes * 9;
  const said =
    `Window from ${start === null ? "the beginning" : clock(start)} to ${clock(end)}` +
    (hop === null ? "" : `, in tiles of ${span(hop)}`);
  const marks: readonly PlotMark[] = [
    { mark: "dot", ink: "text", name: "event" },
    { mark: "tick", ink: "text", name: "available: from here on it counts" },
    ...(hop === null ? [] : [{ mark: "area", ink: "offline", name: `records in a tile of ${span(hop)}` } as const]),
    ...(tiles.some(({ open }) => open) ? [{ mark: "area", ink: "online", name: "the tile still open" } as const] : []),
    { mark: "tick", ink: "online", name: "the moment asked about" },
  ];
  return (
    <div className="window-diagram panel">
      <Plot
        says={said}
        height={() => height}
        most={Infinity}
        marks={marks}
        ends={[start === null ? "from the beginning" : `tail ${clock(start)}`, `head ${clock(end)}`]}
      >
        {(width) => {
          const x = (at: number): number => ((at - first) / (last - first)) * width;
          return (
            <>
              <rect
                x={x(from)}
                y={14}
                width={Math.max(1, x(to) - x(from))}
                height={height - 22}
                className="diagram-window"
              />
              {edges.map((edge) => (
                <line key={edge} x1={x(edge)} x2={x(edge)} y1={14} y2={14 + TILES} className="diagram-edge" />
              ))}
              {hop !== null &&
                tiles
                  .filter((tile) => tile.start !== null)
                  .map((tile) => {
                    const begins = Math.max(micros(tile.start!), from);
                    const size = (TILES - 16) * (tile.records / most);
                    return (
                      <g key={tile.start}>
                        <rect
                          x={x(begins) + 0.75}
                          y={14 + TILES - size}
                          width={Math.max(1.5, x(Math.min(begins + hop, to)) - x(begins) - 1.5)}
                          height={size}
                          className={tile.open ? "plot-area ink-online" : "plot-area ink-offline"}
                        />
                        {x(begins + hop) - x(begins) > 18 && (
                          <text x={x(begins + hop / 2)} y={14 + TILES - size - 3} textAnchor="middle">
                            {tile.records}
                          </text>
                        )}
                      </g>
                    );
                  })}
              {records.slice(0, lanes).map(({ event, available }, i) => {
                const y = 14 + TILES + 12 + i * 9;
                return (
                  <g key={i} className="plot-thin ink-text">
                    <line x1={x(micros(event))} x2={x(micros(available))} y1={y} y2={y} />
                    <circle cx={x(micros(event))} cy={y} r={3} className="plot-area" />
                    <path d={`M${x(micros(available))} ${y - 3.5} v7`} />
                  </g>
                );
              })}
              <line x1={x(micros(t))} x2={x(micros(t))} y1={4} y2={height - 4} className="plot-thin ink-online" />
            </>
          );
        }}
      </Plot>
    </div>
  );
}

/** Microseconds since the epoch, exact to what a picture shows. */
function micros(moment: string): number {
  const [whole, fraction = ""] = moment.replace("Z", "").split(".");
  return Date.parse(`${whole}Z`) * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}
