import type { LogEntry, LogReader } from "../../ports/event-log.ts";
import type { AsofError } from "../../core/errors.ts";
import { EntryIterator, refusedSpan } from "./entry-iterator.ts";
import { examineLog } from "./examine-log.ts";

/**
 * The log of a folder that cannot be opened because it is damaged, for those who can do without it: it has a beginning
 * and an end, as far as whole entries tell, and whoever reads it is told of the damage. So nothing is read as if what
 * is damaged, or what lies behind it, had never been.
 */
export async function damagedLog(folder: string, damage: AsofError): Promise<LogReader> {
  const { start, end, bytes } = await examineLog(folder, false);
  return {
    start,
    end,
    lastStamp: -Infinity,
    read: (from): AsyncIterable<LogEntry> => new EntryIterator(refusedSpan(from, damage)),
    bytes: () => Promise.resolve(bytes),
  };
}
