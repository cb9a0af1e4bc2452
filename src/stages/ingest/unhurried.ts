import { nextTurn } from "../../core/next-turn.ts";
import type { LogEntry } from "../../ports/event-log.ts";

/** Records after which others have the event loop: a fraction of a millisecond's work. */
const RECORDS = 100;
const REST_MS = 1;

/**
 * Entries of a log for work that can wait, which keeps no request waiting for long.
 * @param rests whether others have the event loop for a millisecond, or just for what waits already
 */
export async function* unhurried(entries: AsyncIterable<LogEntry>, rests: () => boolean): AsyncGenerator<LogEntry> {
  let records = 0;
  for await (const entry of entries) {
    yield entry;
    records += entry.count;
    if (records < RECORDS) continue;
    records = 0;
    await (rests() ? rest(REST_MS) : nextTurn());
  }
}

/** Parts of such work that take some milliseconds each: where it rests, others have the event loop as long again. */
export async function* unhurriedParts<T>(
  parts: readonly T[],
  milliseconds: number,
  rests: () => boolean,
): AsyncGenerator<T> {
  for (const part of parts) {
    yield part;
    if (rests()) await rest(milliseconds);
  }
}

function rest(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
