import { ByteReader, ByteWriter } from "../../core/codec/bytes.ts";
import type { LogEntry, LogPosition, LogReader } from "../../ports/event-log.ts";

/**
 * Consecutive entries of the log in one piece of memory, which can be kept, and handed to another thread: of many small
 * ones a list would be longer under way than they are read.
 */
export interface Portion {
  readonly entries: number;
  readonly records: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
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
  let entries = 0;
  let records = 0;
  const finish = (): Portion => {
    const portion = { entries, records, bytes: out.finish() };
    out.reset();
    entries = records = 0;
    return portion;
  };
  for await (const { stream, kind, count, stamp, position, payload } of log.read(from)) {
    if (position >= until) break;
    if (position < from) continue;
    out.string(stream);
    out.u8(kind);
    out.u32(count);
    out.f64(stamp);
    out.f64(position);
    out.u32(payload.length);
    out.raw(payload);
    entries++;
    records += count;
    if (records >= limits.records || out.length >= limits.bytes) yield finish();
  }
  if (entries > 0) yield finish();
}

/** Goes through a portion once. */
export class PortionReader {
  private readonly input: ByteReader;
  private left: number;
  private stream = "";

  constructor({ entries, bytes }: Portion) {
    this.input = new ByteReader(bytes);
    this.left = entries;
  }

  get isDone(): boolean {
    return this.left === 0;
  }

  /** The next entry; its payload lies in the portion's memory. */
  take(): LogEntry {
    const { input } = this;
    this.left--;
    this.stream = input.string(this.stream);
    const kind = input.u8();
    const count = input.u32();
    const stamp = input.f64();
    const position = input.f64();
    return { stream: this.stream, kind, count, stamp, position, payload: input.rawView(input.u32()) };
  }
}
