import { span, utcSeconds } from "./figures.ts";
import "./window-diagram.css";

export interface DiagramRecord {
  readonly event: string;
  readonly available: string;
  readonly counts: boolean;
}

const WIDTH = 920;
const LEFT = 10;
const RIGHT = 10;
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
  const to = micros(end);
  const oldest = Math.min(...records.map(({ event }) => micros(event)), to - 1);
  const from = start === null ? oldest : micros(start);
  const latest = Math.max(to, micros(t), ...records.map(({ available }) => micros(available)));
  const room = (latest - from) * 0.06 || 1;
  const [first, last] = [from - room, latest + room];
  const x = (at: number): number => LEFT + ((at - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const edges: number[] = [];
  if (hop !== null && (to - from) / hop <= MOST_TILES)
    for (let edge = Math.ceil(from / hop) * hop; edge < to; edge += hop) edges.push(edge);
  const most = Math.max(1, ...tiles.map(({ records }) => records));
  const lanes = Math.min(records.length, 12);
  const height = TILES + 30 + lanes * 9 + 26;
  const said =
    `Window from ${start === null ? "the beginning" : `${utcSeconds(start)} UTC`} to ${utcSeconds(end)} UTC` +
    (hop === null ? "" : `, in tiles of ${span(hop)}`);
  return (
    <div className="window-diagram" role="region" aria-label={said} tabIndex={0}>
      <svg viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={said}>
        <rect x={x(from)} y={14} width={Math.max(1, x(to) - x(from))} height={height - 40} className="diagram-window" />
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
                    className={tile.open ? "diagram-tile diagram-open" : "diagram-tile"}
                  />
                  {x(begins + hop) - x(begins) > 18 && (
                    <text x={x(begins + hop / 2)} y={14 + TILES - size - 3} className="diagram-count">
                      {tile.records}
                    </text>
                  )}
                </g>
              );
            })}
        {records.slice(0, lanes).map(({ event, available, counts }, i) => {
          const y = 14 + TILES + 12 + i * 9;
          return (
            <g key={i} className={counts ? "diagram-record" : "diagram-record diagram-left-out"}>
              <line x1={x(micros(event))} x2={x(micros(available))} y1={y} y2={y} />
              <circle cx={x(micros(event))} cy={y} r={3} />
              <path d={`M${x(micros(available))} ${y - 3.5} v7`} />
            </g>
          );
        })}
        <line x1={x(micros(t))} x2={x(micros(t))} y1={4} y2={height - 20} className="diagram-moment" />
        <text x={x(micros(t)) - 5} y={11} className="diagram-label diagram-end">
          t
        </text>
        <text x={x(from)} y={height - 6} className="diagram-label">
          {start === null ? "since ever" : `tail ${utcSeconds(start)}`}
        </text>
        <text x={x(to)} y={height - 6} className="diagram-label diagram-end">
          head {utcSeconds(end)} UTC
        </text>
      </svg>
      <p className="diagram-key">
        <span>● event</span> <span>┃ available: from here on it counts</span>
        {hop !== null && <span>▮ records in a tile of {span(hop)}</span>}
      </p>
    </div>
  );
}

/** Microseconds since the epoch, exact to what a picture shows. */
function micros(moment: string): number {
  const [whole, fraction = ""] = moment.replace("Z", "").split(".");
  return Date.parse(`${whole}Z`) * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}
