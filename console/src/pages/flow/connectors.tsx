import { useLayoutEffect, useRef, useState } from "react";
import type { Stage, StageId } from "./stages.ts";

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: number;
  readonly y: number;
}

interface Line {
  readonly id: string;
  readonly lane: "offline" | "online" | "between";
  readonly path: string;
  readonly label: { readonly text: string; readonly x: number; readonly y: number } | null;
  readonly busy: boolean;
}

const order: Readonly<Record<"offline" | "online", readonly StageId[]>> = {
  offline: ["raw", "batch", "offline", "training", "model"],
  online: ["events", "real-time", "online", "serving", "predictions"],
};

/** The arrows between the stages, drawn along where the layout has put them. */
export function Connectors({ stages }: { readonly stages: readonly Stage[] }) {
  const drawing = useRef<SVGSVGElement>(null);
  const [places, setPlaces] = useState<Readonly<Record<string, Box>>>({});
  useLayoutEffect(() => {
    const around = drawing.current!.parentElement!;
    const measure = (): void => {
      const outer = around.getBoundingClientRect();
      setPlaces(
        Object.fromEntries(
          [...around.querySelectorAll<HTMLElement>("[data-stage]")].map((card) => {
            const { left, right, top, bottom } = card.getBoundingClientRect();
            const at = {
              left: left - outer.left,
              right: right - outer.left,
              top: top - outer.top,
              bottom: bottom - outer.top,
            };
            return [card.dataset["stage"]!, { ...at, x: (at.left + at.right) / 2, y: (at.top + at.bottom) / 2 }];
          }),
        ),
      );
    };
    const observer = new ResizeObserver(measure);
    observer.observe(around);
    for (const card of around.querySelectorAll("[data-stage]")) observer.observe(card);
    measure();
    return () => observer.disconnect();
  }, []);
  const busy = (id: StageId): boolean => stages.some((stage) => stage.id === id && stage.busy);
  const there = Object.keys(places).length > 0;
  const wide = there && places["batch"].left > places["raw"].right;
  const lines = !there ? [] : wide ? across(places, busy) : down(places, busy);
  return (
    <svg ref={drawing} className="connectors" aria-hidden="true">
      <defs>
        {(["offline", "online", "between"] as const).map((lane) => (
          <marker
            key={lane}
            id={`tip-${lane}`}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto-start-reverse"
          >
            <path d="M1 1 L7 4 L1 7" className={`tip tip-${lane}`} />
          </marker>
        ))}
      </defs>
      {lines.map(({ id, lane, path, label, busy }) => (
        <g key={id}>
          <path d={path} className={`line line-${lane}`} markerEnd={`url(#tip-${lane})`} />
          {busy && <path d={path} className={`line line-${lane} line-busy`} />}
          {label !== null && (
            <text x={label.x} y={label.y} className="line-label">
              {label.text}
            </text>
          )}
        </g>
      ))}
    </svg>
  );
}

type Places = Readonly<Record<string, Box>>;
type Busy = (id: StageId) => boolean;

/** Lanes as rows. */
function across(at: Places, busy: Busy): Line[] {
  const lanes = (["offline", "online"] as const).flatMap((lane) =>
    order[lane].slice(1).map((to, i): Line => {
      const from = order[lane][i];
      return line(
        `${from}-${to}`,
        lane,
        `M${at[from].right + 3} ${at[from].y} H${at[to].left - 3}`,
        null,
        busy(from) && busy(to),
      );
    }),
  );
  const middle = (at["raw"].bottom + at["events"].top) / 2;
  const below = at["events"].bottom + 24;
  return [
    ...lanes,
    line(
      "materialize",
      "between",
      `M${at["offline"].x} ${at["offline"].bottom + 3} V${at["online"].top - 3}`,
      { text: "materialize, step 4", x: at["offline"].x + 10, y: at["offline"].bottom + 20 },
      busy("online"),
    ),
    line(
      "archive",
      "between",
      `M${at["events"].x} ${at["events"].top - 3} V${at["raw"].bottom + 3}`,
      { text: "archive", x: at["events"].x + 10, y: at["offline"].bottom + 20 },
      false,
    ),
    line(
      "promote",
      "between",
      `M${at["model"].x} ${at["model"].bottom + 3} V${middle + 4} H${at["serving"].x} V${at["serving"].top - 3}`,
      { text: "the promoted version", x: at["serving"].x + 10, y: at["offline"].bottom + 20 },
      false,
    ),
    line(
      "served",
      "between",
      `M${at["predictions"].x} ${at["predictions"].bottom + 3} V${below} H${at["events"].x} V${at["events"].bottom + 3}`,
      { text: "served log: what was predicted, and from what", x: at["real-time"].left, y: below - 6 },
      busy("predictions"),
    ),
  ];
}

/** Lanes as columns. */
function down(at: Places, busy: Busy): Line[] {
  const lanes = (["offline", "online"] as const).flatMap((lane) =>
    order[lane].slice(1).map((to, i): Line => {
      const from = order[lane][i];
      return line(
        `${from}-${to}`,
        lane,
        `M${at[from].x} ${at[from].bottom + 2} V${at[to].top - 2}`,
        null,
        busy(from) && busy(to),
      );
    }),
  );
  const middle = (at["model"].right + at["predictions"].left) / 2;
  const beside = at["predictions"].right + 9;
  return [
    ...lanes,
    line(
      "materialize",
      "between",
      `M${at["offline"].right + 2} ${at["offline"].y} H${at["online"].left - 2}`,
      null,
      busy("online"),
    ),
    line("archive", "between", `M${at["events"].left - 2} ${at["events"].y} H${at["raw"].right + 2}`, null, false),
    line(
      "promote",
      "between",
      `M${at["model"].right + 2} ${at["model"].y} H${middle} V${at["serving"].y} H${at["serving"].left - 2}`,
      null,
      false,
    ),
    line(
      "served",
      "between",
      `M${at["predictions"].right + 2} ${at["predictions"].y} H${beside} V${at["events"].y} H${at["events"].right + 2}`,
      null,
      busy("predictions"),
    ),
  ];
}

function line(id: string, lane: Line["lane"], path: string, label: Line["label"], busy: boolean): Line {
  return { id, lane, path, label, busy };
}
