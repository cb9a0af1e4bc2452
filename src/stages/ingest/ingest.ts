import { ByteWriter } from "../../core/codec/bytes.ts";
import { encodeRecords, ENTRY, type StreamRecord } from "../../core/codec/record-batch.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import type { AggregateViewDefinition, SourceDefinition } from "../../core/definition/data.ts";
import { sourceStream, type Stream } from "../../core/definition/stream.ts";
import type { IngestOutcome } from "../../core/result/outcomes.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import { acceptor } from "./accept.ts";
import type { Appended, LogWriter } from "./log-writer.ts";

/** The way in for single records and small batches: checked, stamped, on disk, then acknowledged. */
export class Ingest {
  private readonly writer: LogWriter;
  private readonly schemas: StreamSchemas;
  private readonly clock: Clock;
  private readonly appended: (stream: string, records: readonly StreamRecord[], stamp: Timestamp) => void;
  private readonly buffer = new ByteWriter();
  private readonly acceptors = new Map<
    SourceDefinition,
    (records: readonly unknown[], now: number) => StreamRecord[]
  >();

  private readonly viewsOf: (source: string) => readonly AggregateViewDefinition[];

  constructor(parts: {
    writer: LogWriter;
    schemas: StreamSchemas;
    clock: Clock;
    /** The aggregate views over a source. */
    viewsOf: (source: string) => readonly AggregateViewDefinition[];
    /** Hears of records as they are stamped. */
    appended: (stream: string, records: readonly StreamRecord[], stamp: Timestamp) => void;
  }) {
    this.writer = parts.writer;
    this.schemas = parts.schemas;
    this.clock = parts.clock;
    this.viewsOf = parts.viewsOf;
    this.appended = parts.appended;
  }

  async ingest(source: SourceDefinition, records: readonly unknown[]): Promise<IngestOutcome> {
    let accept = this.acceptors.get(source);
    if (accept === undefined) this.acceptors.set(source, (accept = acceptor(source, this.viewsOf(source.name))));
    const accepted = accept(records, this.clock.now());
    const appended = await this.append(sourceStream(source), accepted);
    return { source: source.name, accepted: accepted.length, ...appended };
  }

  /** Appends records of any stream that were checked elsewhere. */
  append(stream: Stream, records: readonly StreamRecord[]): Promise<Appended> {
    return this.writer.append(stream.name, ENTRY.records, records.length, (stamp) => {
      this.appended(stream.name, records, stamp);
      this.buffer.reset();
      encodeRecords(this.buffer, stream.schema, this.schemas.codecOf(stream.schema), records);
      return this.buffer.finish();
    });
  }
}
