import { ByteReader, ByteWriter } from "../../core/codec/bytes.ts";
import type { LogEntry, LogPosition, LogReader } from "../../ports/event-log.ts";

/** Consecutive entries of the log, with the bytes of all in one piece: it can be kept, and handed to another thread. */
export interface Portion {
  readonly entries: readonly (Omit<LogEntry, "payload"> & { readonly bytes: number })[];
  readonly payloads: Uint8Array<ArrayBuffer>;
}

/** A portion is full at so many records, or at so many bytes of them. An entry stays whole. */
export interface PortionLimits {
  readonly records: number;
  readonly bytes: number;
}

/** The entries of the log that begin in [from, until), in portions of which none is empty. */
export async function* portionsOf(
  log: LogReader,
  from: LogPosition,
  until: LogPosition,
  limits: PortionLimits,
): AsyncGenerator<Portion> {
  const out = new ByteWriter();
  let entries: Portion["entries"][number][] = [];
  let records = 0;
  const finish = (): Portion => {
    const portion = { entries, payloads: out.finish() };
    out.reset();
    entries = [];
    records = 0;
    return portion;
  };
  for await (const { stream, kind, count, stamp, position, payload } of log.read(from)) {
    if (position >= until) break;
    if (position < from) continue;
    entries.push({ stream, kind, count, stamp, position, bytes: payload.length });
    out.raw(payload);
    records += count;
    if (records >= limits.records || out.length >= limits.bytes) yield finish();
  }
  if (entries.length > 0) yield finish();
}

/** Goes through a portion once. */
export class PortionReader {
  private readonly portion: Portion;
  private readonly input: ByteReader;
  private next = 0;

  constructor(portion: Portion) {
    this.portion = portion;
    this.input = new ByteReader(portion.payloads);
  }

  get isDone(): boolean {
    return this.next === this.portion.entries.length;
  }

  /** The next entry; its payload lies in the portion's memory. */
  take(): LogEntry {
    const { bytes, ...entry } = this.portion.entries[this.next++];
    return { ...entry, payload: this.input.rawView(bytes) };
  }
}
