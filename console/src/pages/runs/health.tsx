import type { Live } from "../../api/answers.ts";
import { bytes, countOf, share, span } from "../../parts/figures.ts";

/** How large, how fresh and how busy the store is now. */
export function Health({ live: { status, memory } }: { readonly live: Live }) {
  const { log, offline, online, audit } = status;
  const facts = [
    ["Online is behind by", span(status.freshness), null],
    ["Waiting to be folded", countOf(log.unfolded, "record"), null],
    [
      "Queue for the disk",
      bytes(log.queued),
      log.queueLimit === 0 ? null : `${share(log.queued, log.queueLimit)} of ${bytes(log.queueLimit)}`,
    ],
    ["Memory of the server", bytes(memory.resident), `${bytes(memory.heap)} JavaScript`],
    ["Log", bytes(log.bytes), countOf(log.end - log.archived, "entry", "entries")],
    ["Offline store", bytes(offline.bytes), countOf(offline.files, "file")],
    ["Online store", bytes(online.bytes), null],
    ["Waiting for the audit", countOf(audit.waiting, "answer"), audit.lag === 0 ? null : `for ${span(audit.lag)}`],
  ] as const;
  return (
    <dl className="facts facts-ruled">
      {facts.map(([name, value, more]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="figure-large">{value}</dd>
          {more !== null && <dd className="muted health-more">{more}</dd>}
        </div>
      ))}
    </dl>
  );
}
