import type { ReactNode } from "react";
import { milliseconds } from "../../parts/figures.ts";

/** Where the time of one request went, in milliseconds. */
export interface Latency {
  /** From the request to its whole answer, as the browser sees it. */
  readonly took: number;
  /** By what the server says; null where it does not. */
  readonly server: Readonly<Record<string, number>> | null;
}

const parts = [
  ["store", "Online store", "reading the keys"],
  ["decode", "Decoding", "what the store holds"],
  ["compute", "Computing", "windows and features"],
  ["model", "Model", "the prediction"],
] as const;

/** The server's part as a bar, and what it is made of; the rest is the way there and back. */
export function LatencySplit({
  latency: { took, server },
  children,
}: {
  readonly latency: Latency;
  /** What to tell before. */
  readonly children: ReactNode;
}) {
  const total = server?.["total"];
  const measured = parts.filter(([name]) => server?.[name] !== undefined);
  const rest = (total ?? 0) - measured.reduce((sum, [name]) => sum + server![name], 0);
  const shown = [
    ...measured.map(([name, title, says]) => ({ name, title, says, ms: server![name] })),
    { name: "rest", title: "Request and answer", says: "reading and writing JSON, logging", ms: Math.max(0, rest) },
  ];
  return (
    <div className="latency">
      <dl className="facts">
        {children}
        <div>
          <dt>In all, as the browser sees it</dt>
          <dd className="figure-large">{milliseconds(took)}</dd>
        </div>
        {total !== undefined && (
          <div>
            <dt>Of that the server’s work</dt>
            <dd className="figure-large">{milliseconds(total)}</dd>
          </div>
        )}
      </dl>
      {total !== undefined && total > 0 && (
        <>
          <div className="latency-bar" aria-hidden="true">
            {shown.map(({ name, ms }) => (
              <span key={name} className={`latency-${name}`} style={{ flexGrow: ms / total }} />
            ))}
          </div>
          <dl className="latency-parts" aria-label="The server’s work">
            {shown.map(({ name, title, says, ms }) => (
              <div key={name} className={`latency-key latency-key-${name}`}>
                <dt>
                  {title} <span className="muted">{says}</span>
                </dt>
                <dd>{milliseconds(ms)}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </div>
  );
}
