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

  /** Adds the entry behind the last, which has become durable. Copies its payload. */
  add(entry: NewEntry, position: LogPosition): void {
    if (entry.payload.length > SMALL) {
      this.#entries = [];
      this.#bytes = 0;
      return;
    }
    this.#entries.push({ ...entry, position, payload: new Uint8Array(entry.payload) });
    this.#bytes += entry.payload.length + OVERHEAD;
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

/** Goes over entries that are in memory. */
export async function* inMemory(entries: readonly LogEntry[]): AsyncGenerator<LogEntry> {
  for (const entry of entries) yield await Promise.resolve(entry);
}
