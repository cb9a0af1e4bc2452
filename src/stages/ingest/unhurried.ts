import { nextTurn } from "../../core/next-turn.ts";
import type { LogEntry } from "../../ports/event-log.ts";

/** Records after which others have the event loop: a fraction of a millisecond's work. */
const RECORDS = 100;

/** Entries of a log for work that can wait, which keeps no request waiting for long. */
export async function* unhurried(entries: AsyncIterable<LogEntry>): AsyncGenerator<LogEntry> {
  let records = 0;
  for await (const entry of entries) {
    yield entry;
    records += entry.count;
    if (records < RECORDS) continue;
    records = 0;
    await nextTurn();
  }
}
