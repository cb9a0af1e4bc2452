import type { ReactNode } from "react";
import { Plot, type PlotMark } from "../../parts/plot/plot.tsx";
import "./square-plot.css";

const EDGE = 46;
const FAR = 18;

/** Where a value of the axes is drawn. */
export interface Scale {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

const WITH: PlotMark = { mark: "line", ink: "text", name: "with the store’s features" };
const WITHOUT: PlotMark = { mark: "line", ink: "quiet", name: "without" };

/** Two axes of the same length, from 0 to `most`, and what is drawn between them. */
export function SquarePlot({
  name,
  says,
  most,
  across,
  up,
  withBaseline,
  children,
}: {
  readonly name: string;
  /** What it shows, for those who do not see it. */
  readonly says: string;
  readonly most: number;
  readonly across: string;
  readonly up: string;
  readonly withBaseline: boolean;
  readonly children: (scale: Scale) => ReactNode;
}) {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => part * most);
  return (
    <Plot title={name} says={says} height={(size) => size} most={400} marks={withBaseline ? [WITH, WITHOUT] : [WITH]}>
      {(size) => {
        const x = (value: number): number => EDGE + (value / most) * (size - EDGE - FAR);
        const y = (value: number): number => size - x(value);
        return (
          <>
            {ticks.map((tick) => (
              <g key={tick}>
                <line x1={x(tick)} x2={x(tick)} y1={y(0)} y2={y(most)} className="plot-axis" />
                <line x1={x(0)} x2={x(most)} y1={y(tick)} y2={y(tick)} className="plot-axis" />
                <text x={x(tick)} y={size - EDGE + 16} textAnchor="middle">
                  {tick.toFixed(2)}
                </text>
                <text x={EDGE - 6} y={y(tick) + 4} textAnchor="end">
                  {tick.toFixed(2)}
                </text>
              </g>
            ))}
            <line x1={x(0)} y1={y(0)} x2={x(most)} y2={y(most)} className="plot-diagonal ink-quiet" />
            {children({ x, y })}
            <text x={(size + EDGE - FAR) / 2} y={size - 6} textAnchor="middle">
              {across}
            </text>
            <text transform={`translate(10 ${(size - EDGE + FAR) / 2}) rotate(-90)`} textAnchor="middle">
              {up}
            </text>
          </>
        );
      }}
    </Plot>
  );
}

/** A line through points, as SVG has it. */
export function lineThrough(points: readonly (readonly [x: number, y: number])[], { x, y }: Scale): string {
  return points.map(([a, b], i) => `${i === 0 ? "M" : "L"}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join(" ");
}
