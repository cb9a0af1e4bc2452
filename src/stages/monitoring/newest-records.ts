import { ByteReader } from "../../core/codec/bytes.ts";
import { availableOf, decodeRecords, ENTRY, type StreamRecord } from "../../core/codec/record-batch.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { AsofError } from "../../core/errors.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition, LogReader } from "../../ports/event-log.ts";
import type { OfflineFile } from "../../ports/registry-store.ts";

export interface Newest {
  readonly event: Timestamp;
  readonly available: Timestamp;
}

/** The newest record of each stream that the log brought, in any order of arrival. */
export class NewestRecords {
  private readonly log: LogReader;
  private readonly schemas: StreamSchemas;
  private readonly byStream = new Map<string, Newest>();
  /** What lies below was read; what lies behind is told by `appended`, where this process writes. */
  private read = 0;
  private reading: Promise<void> | null = null;

  constructor(log: LogReader, schemas: StreamSchemas) {
    this.log = log;
    this.schemas = schemas;
  }

  /** Records of this process that are on their way into the log. */
  appended(stream: string, records: readonly StreamRecord[], stamp: Timestamp): void {
    let event = -Infinity;
    for (const record of records) if (record.event > event) event = record.event;
    this.see(stream, event, availableOf(event, stamp + records.length - 1));
  }

  /** The newest of a stream: in the files listed, and behind what is `archived`. Null where there is none. */
  async of(stream: string, files: readonly OfflineFile[], follow: boolean): Promise<Newest | null> {
    await this.readLog(follow);
    let newest = this.byStream.get(stream) ?? null;
    for (const { maxEvent, maxAvailable, ...file } of files)
      if (file.stream === stream) newest = later(newest, { event: maxEvent, available: maxAvailable });
    return newest;
  }

  /** Reads the log once, and again from where it stopped for those who follow another process's. */
  private readLog(follow: boolean): Promise<void> {
    if (this.reading !== null && !follow) return this.reading;
    const before = this.reading ?? Promise.resolve();
    return (this.reading = before
      .then(() => this.readOn())
      .catch((error: unknown) => {
        this.reading = null;
        throw error;
      }));
  }

  private async readOn(): Promise<void> {
    const from = Math.max(this.read, this.log.start);
    try {
      await this.readFrom(from);
    } catch (error) {
      const wasDropped = error instanceof AsofError && error.code === "ASOF_BEFORE_RETENTION";
      // What has gone into the files while it was read is known from these.
      if (!wasDropped || this.log.start <= from) throw error;
      await this.readOn();
    }
  }

  private async readFrom(from: LogPosition): Promise<void> {
    for await (const { kind, stream, stamp, count, position, payload } of this.log.read(from)) {
      this.read = position + count;
      if (kind !== ENTRY.records) continue;
      const records = decodeRecords(new ByteReader(payload), count, this.schemas.codecOf);
      this.appended(stream, records, stamp);
    }
  }

  private see(stream: string, event: Timestamp, available: Timestamp): void {
    this.byStream.set(stream, later(this.byStream.get(stream) ?? null, { event, available }));
  }
}

function later(a: Newest | null, b: Newest): Newest {
  if (a === null) return b;
  return { event: Math.max(a.event, b.event), available: Math.max(a.available, b.available) };
}
