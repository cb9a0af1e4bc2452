import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import "./plot.css";

/** How a thing looks in a plot, and in its key. */
export interface PlotMark {
  readonly mark: "line" | "dashed" | "area" | "dot" | "tick";
  readonly ink: "text" | "quiet" | "offline" | "offline-soft" | "online";
  readonly name: string;
}

/**
 * A figure drawn into the room there is: a unit of it is a pixel, so that its words are as large as those around it on
 * whatever screen.
 */
export function Plot({
  title,
  says,
  height,
  most = 900,
  marks,
  ends,
  children,
}: {
  readonly title?: ReactNode;
  /** What it shows, for those who do not see it. */
  readonly says: string;
  /** In pixels, of a given width. */
  readonly height: (width: number) => number;
  /** Its greatest width, in pixels. */
  readonly most?: number;
  readonly marks: readonly PlotMark[];
  /** What stands at the left and the right end of its axis. */
  readonly ends?: readonly [string, string];
  readonly children: (width: number) => ReactNode;
}) {
  const room = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const measure = (): void => setWidth(Math.floor(room.current!.clientWidth));
    const observer = new ResizeObserver(measure);
    observer.observe(room.current!);
    measure();
    return () => observer.disconnect();
  }, []);
  return (
    <figure className="plot" style={{ maxWidth: most }}>
      {title !== undefined && <figcaption>{title}</figcaption>}
      <div ref={room} className="plot-room">
        {width > 0 && (
          <svg width={width} height={height(width)} role="img" aria-label={says}>
            {children(width)}
          </svg>
        )}
      </div>
      {ends !== undefined && (
        <p className="plot-ends figures">
          <span>{ends[0]}</span>
          <span>{ends[1]}</span>
        </p>
      )}
      <PlotKey marks={marks} />
    </figure>
  );
}

function PlotKey({ marks }: { readonly marks: readonly PlotMark[] }) {
  return (
    <ul className="plot-key">
      {marks.map(({ mark, ink, name }) => (
        <li key={name}>
          <span className={`plot-mark plot-mark-${mark} ink-${ink}`} aria-hidden="true" />
          {name}
        </li>
      ))}
    </ul>
  );
}
