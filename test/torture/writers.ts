import { setTimeout as sleep } from "node:timers/promises";
import { recordOf, type SourceName } from "./definitions.ts";

/** Records sent in one request: all of them count once, or none does. */
export interface Sent {
  readonly source: SourceName;
  /** The moment that visits are counted back from, in microseconds. */
  readonly at: number;
  readonly first: number;
  readonly last: number;
  /** What a request of clicks or visits is told by where it is sent again; orders are told by their id. */
  readonly key: string | null;
  /** Built once: sent again it is the same. */
  readonly body: string;
  acknowledged: boolean;
}

/** Numbers of records, each given out once over all rounds. */
export class Numbers {
  private next = 0;

  take(count: number): number {
    const first = this.next;
    this.next += count;
    return first;
  }
}

export function makeRequest(numbers: Numbers, next: () => number, largest: number): Sent {
  const drawn = next();
  const source = drawn < 0.5 ? "clicks" : drawn < 0.85 ? "orders" : "visits";
  const count = 1 + Math.floor(next() * largest);
  const first = numbers.take(count);
  const now = Date.now() * 1000;
  const rows = Array.from({ length: count }, (_, i) =>
    recordOf(source, first + i, source === "visits" ? now : now - Math.floor(next() * 3) * 40_000_000),
  );
  return {
    source,
    at: now,
    first,
    last: first + count - 1,
    key: source !== "orders" && next() < 0.7 ? `request-${first}` : null,
    body: rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
    acknowledged: false,
  };
}

/** Sends a request; true once it is acknowledged, false where the server is gone. Throws where it is refused. */
export async function send(url: string, sent: Sent, signal: AbortSignal): Promise<boolean> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}/v1/events/${sent.source}`, {
      method: "POST",
      headers: {
        "content-type": "application/x-ndjson",
        ...(sent.key === null ? {} : { "idempotency-key": sent.key }),
      },
      body: sent.body,
      signal,
    });
    text = await response.text();
  } catch {
    return false;
  }
  // A server that is short of something for a while says so.
  if (response.status === 503 || response.status === 429) return false;
  if (!response.ok) throw new Error(`POST ${sent.source} ${sent.first}–${sent.last}: ${response.status} ${text}`);
  sent.acknowledged = true;
  return true;
}

/** Writes until it is told to stop: first what an earlier server left unanswered and may be sent again. */
export async function write(
  url: string,
  again: Sent[],
  make: () => Sent,
  all: Sent[],
  signal: AbortSignal,
  answered: () => void,
): Promise<void> {
  while (!signal.aborted) {
    const repeated = again.pop();
    const sent = repeated ?? make();
    if (repeated === undefined) all.push(sent);
    if (await send(url, sent, signal)) answered();
    else {
      if (repeated !== undefined) again.push(repeated);
      await sleep(5);
    }
  }
}
