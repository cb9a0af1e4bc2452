import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useLive } from "../../live/live-stream.ts";
import { milliseconds, perSecond, span } from "../../parts/figures.ts";
import { Section } from "../../parts/page.tsx";

/** What is kept for the charts, in milliseconds. */
const KEPT = 5 * 60_000;

/** Above the most that was seen, as a factor; and the axis of what is always 0. */
const ROOM = 1.15;
const EMPTY = 1;

interface Point {
  /** Seconds since the epoch, by this machine's clock. */
  readonly at: number;
  readonly records: number | null;
  readonly freshness: number | null;
  readonly p99: number | null;
}

/** The last minutes, as this page has seen them. */
export function LiveCharts() {
  const { live, rates } = useLive();
  const [points, setPoints] = useState<readonly Point[]>([]);
  useEffect(() => {
    if (live === null) return;
    const asked = live.requests.filter(({ route }) => /^\/v1\/(features|predict)\/[^,]*$/.test(route));
    const point = {
      at: Date.now() / 1000,
      records: rates?.records ?? null,
      freshness: live.status.freshness,
      p99: asked.length === 0 ? null : Math.max(...asked.map((one) => one.p99)),
    };
    setPoints((last) => [...last.filter(({ at }) => (point.at - at) * 1000 < KEPT), point]);
  }, [live, rates]);
  const last = points.at(-1);
  return (
    <Section title="The last minutes" note="As seen since this page was opened, at most five minutes.">
      <div className="charts">
        <Chart
          title="Records in"
          figure={perSecond(last?.records ?? null)}
          points={points}
          of={(one) => one.records}
          text={perSecond}
        />
        <Chart
          title="Online behind the clock"
          figure={span(last?.freshness ?? null)}
          points={points}
          of={(one) => one.freshness}
          text={span}
        />
        <Chart
          title="Serving, p99 of the last minute"
          figure={last === undefined || last.p99 === null ? "no requests" : milliseconds(last.p99)}
          points={points}
          of={(one) => one.p99}
          text={milliseconds}
        />
      </div>
    </Section>
  );
}

function Chart({
  title,
  figure,
  points,
  of,
  text,
}: {
  readonly title: string;
  readonly figure: string;
  readonly points: readonly Point[];
  readonly of: (point: Point) => number | null;
  readonly text: (value: number) => string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    const around = box.current!;
    const colour = (name: string): string => getComputedStyle(around).getPropertyValue(name);
    const size = (): { width: number; height: number } => ({ width: around.clientWidth, height: 110 });
    const axis = {
      stroke: () => resolved(around, "--muted"),
      grid: { stroke: () => resolved(around, "--line"), width: 1 },
      ticks: { show: false },
      font: `11px ${colour("--sans")}`,
    };
    const made = new uPlot(
      {
        ...size(),
        cursor: { show: false },
        legend: { show: false },
        scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * ROOM : EMPTY] } },
        axes: [
          { show: false },
          {
            ...axis,
            size: 64,
            // The least and the most that was seen.
            splits: ({ scales }) => (scales["y"].max! === EMPTY ? [0] : [0, scales["y"].max! / ROOM]),
            values: (_plot, values) => values.map((value) => text(value)),
          },
        ],
        series: [{}, { stroke: () => resolved(around, "--online"), width: 1.5, points: { show: false } }],
      },
      [[], []],
      around,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize(size()));
    observer.observe(around);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [text]);
  useEffect(() => plot.current?.setData([points.map(({ at }) => at), points.map(of)]), [points, of]);
  return (
    <figure className="chart panel">
      <h3>{title}</h3>
      <p className="figure-large">{figure}</p>
      <div ref={box} aria-hidden="true" />
    </figure>
  );
}

/** A colour of the theme as a canvas takes it. */
function resolved(element: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
