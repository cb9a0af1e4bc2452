import { ByteWriter, PIECE } from "../../core/codec/bytes.ts";
import { encodeRecords, ENTRY, type StreamRecord } from "../../core/codec/record-batch.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import type { AggregateViewDefinition, SourceDefinition } from "../../core/definition/data.ts";
import { sourceStream, type Stream } from "../../core/definition/stream.ts";
import { AsofError } from "../../core/errors.ts";
import { rejected } from "../../core/rejected.ts";
import type { CorrectOutcome, IngestOutcome, RetractOutcome } from "../../core/result/outcomes.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import { acceptor, acceptIds } from "./accept.ts";
import type { HearAppended, Intake } from "./intake.ts";
import type { Appended, LogWriter } from "./log-writer.ts";
import { identityOf, type SourceIdentity } from "./source-identity.ts";

/** From so many bytes on a payload has memory of its own. */
const COPY_FROM = 4 * 1024;

/** The way in for single records and small batches: checked, stamped, on disk, then acknowledged. */
export class Ingest {
  private readonly writer: LogWriter;
  private readonly schemas: StreamSchemas;
  private readonly clock: Clock;
  private readonly intake: Intake;
  private readonly appended: HearAppended;
  private readonly durable: () => void;
  private readonly buffer = new ByteWriter(PIECE);
  private readonly acceptors = new Map<
    SourceDefinition,
    (records: readonly unknown[], now: number) => StreamRecord[]
  >();

  private readonly viewsOf: (source: string) => readonly AggregateViewDefinition[];

  constructor(parts: {
    writer: LogWriter;
    schemas: StreamSchemas;
    clock: Clock;
    intake: Intake;
    /** The aggregate views over a source. */
    viewsOf: (source: string) => readonly AggregateViewDefinition[];
    /** Hears of records as they are stamped. */
    appended: HearAppended;
    /** Called whenever records, or what becomes of them, have come to be on disk, before that is answered. */
    durable: () => void;
  }) {
    this.writer = parts.writer;
    this.schemas = parts.schemas;
    this.clock = parts.clock;
    this.intake = parts.intake;
    this.viewsOf = parts.viewsOf;
    this.appended = parts.appended;
    this.durable = parts.durable;
  }

  /**
   * Records are stamped within the call, in the order of the calls. One that is known, by the source's `id` or with all
   * of its request by the key, is not taken again.
   * @throws ASOF_QUEUE_FULL, ASOF_ID_CONFLICT; what `acceptor` throws
   */
  ingest(source: SourceDefinition, records: readonly unknown[], key: string | null = null): Promise<IngestOutcome> {
    try {
      this.writer.admit();
      const accepted = this.accept(source, records);
      const identity = identityOf(source);
      if (identity !== null) return this.told(this.intake.ingest(identity, accepted, key));
      if (key !== null) return this.told(this.intake.ingestOnce(source, accepted, key));
      return this.append(sourceStream(source), accepted, ({ position, stamp }) => ({
        source: source.name,
        accepted: accepted.length,
        duplicates: 0,
        position,
        stamp,
      }));
    } catch (error) {
      return rejected(error);
    }
  }

  /** Withdraws records by their ids. @throws ASOF_QUEUE_FULL, ASOF_NO_ID; what `acceptIds` throws */
  async retract(source: SourceDefinition, ids: readonly unknown[]): Promise<RetractOutcome> {
    const identity = mustHaveId(source);
    this.writer.admit();
    return this.told(this.intake.retract(identity, acceptIds(identity, ids)));
  }

  /** Replaces records. @throws ASOF_QUEUE_FULL, ASOF_NO_ID, ASOF_ID_CONFLICT; what `acceptor` throws */
  async correct(source: SourceDefinition, records: readonly unknown[]): Promise<CorrectOutcome> {
    const identity = mustHaveId(source);
    this.writer.admit();
    return this.told(this.intake.correct(identity, this.accept(source, records)));
  }

  private async told<T>(outcome: Promise<T>): Promise<T> {
    const done = await outcome;
    this.durable();
    return done;
  }

  private accept(source: SourceDefinition, records: readonly unknown[]): StreamRecord[] {
    let accept = this.acceptors.get(source);
    if (accept === undefined) this.acceptors.set(source, (accept = acceptor(source, this.viewsOf(source.name))));
    return accept(records, this.clock.now());
  }

  /** Appends records of any stream that were checked elsewhere; resolves to what `outcome` makes of where they are. */
  append<T>(
    stream: Pick<Stream, "name" | "schema">,
    records: readonly StreamRecord[],
    outcome: (at: Appended) => T,
  ): Promise<T> {
    const payload = (stamp: Timestamp): Uint8Array => {
      this.appended(stream.name, records, stamp);
      this.buffer.reset();
      encodeRecords(this.buffer, stream.schema, this.schemas.codecOf(stream.schema), records);
      return this.buffer.length < COPY_FROM ? this.buffer.cut() : this.buffer.finish();
    };
    return this.writer.append(stream.name, ENTRY.records, records.length, payload, (at) => {
      this.durable();
      return outcome(at);
    });
  }
}

/** @throws ASOF_NO_ID */
export function mustHaveId(source: SourceDefinition): SourceIdentity {
  const identity = identityOf(source);
  if (identity !== null) return identity;
  const { name } = source;
  throw new AsofError("ASOF_NO_ID", `source ${name} declares no id: there is nothing to tell its records by`, {
    source: name,
  });
}
