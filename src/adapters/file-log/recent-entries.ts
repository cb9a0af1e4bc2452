import type { LogEntry, LogPosition, NewEntry } from "../../ports/event-log.ts";

/** Longer payloads are read from the file: of those a reading takes few. */
const SMALL = 16 * 1024;
const BYTES = 1024 * 1024;
/** What an entry takes beside its payload, roughly. */
const OVERHEAD = 200;

/**
 * The newest entries of a log, without a gap up to its durable end, as long as they are small: who follows the log
 * closely reads them without opening its file.
 */
export class RecentEntries {
  #entries: LogEntry[] = [];
  #bytes = 0;

  /** Adds the group behind the last, which has become durable. */
  add(group: readonly { readonly entry: NewEntry | null; readonly position: LogPosition }[]): void {
    let bytes = 0;
    let isSmall = true;
    for (const { entry } of group) {
      bytes += entry!.payload.length;
      isSmall &&= entry!.payload.length <= SMALL;
    }
    if (!isSmall) {
      this.#entries = [];
      this.#bytes = 0;
      return;
    }
    for (const { entry, position } of group) {
      const { stream, kind, count, stamp, payload } = entry!;
      this.#entries.push({ stream, kind, count, stamp, position, payload });
    }
    this.#bytes += bytes + OVERHEAD * group.length;
    if (this.#bytes > BYTES) this.#forgetOldest();
  }

  /** The entries from the one that holds `from` to the end; null where the first of them is not here any more. */
  from(from: LogPosition): readonly LogEntry[] | null {
    const entries = this.#entries;
    if (entries.length === 0 || from < entries[0].position) return null;
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (entries[middle].position <= from) low = middle + 1;
      else high = middle;
    }
    return entries.slice(low - 1);
  }

  #forgetOldest(): void {
    let first = 0;
    for (; this.#bytes > BYTES / 2; first++) this.#bytes -= this.#entries[first].payload.length + OVERHEAD;
    this.#entries = this.#entries.slice(first);
  }
}

/** Goes over entries that are in memory, with as little between two of them as an iteration can have. */
export function inMemory(entries: readonly LogEntry[]): AsyncIterable<LogEntry> {
  return {
    [Symbol.asyncIterator]: () => {
      let next = 0;
      return {
        next: () =>
          Promise.resolve<IteratorResult<LogEntry>>(
            next < entries.length ? { done: false, value: entries[next++] } : { done: true, value: undefined },
          ),
      };
    },
  };
}
