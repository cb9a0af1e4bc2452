import { ByteReader } from "../../core/codec/bytes.ts";
import { decodeRecords, ENTRY } from "../../core/codec/record-batch.ts";
import type { RowCodec } from "../../core/codec/row-codec.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { decodeWithdrawals } from "../../core/codec/withdrawals.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogEntry, LogPosition } from "../../ports/event-log.ts";
import type { FoldedView } from "./folded-view.ts";
import type { KeyCache } from "./key-cache.ts";
import type { PortionLimits } from "./portion.ts";
import { ViewBatch } from "./view-batch.ts";

/** A batch is full where a portion is, or once it changes so many keys. An entry stays whole. */
export interface BatchLimits extends PortionLimits {
  readonly keys: number;
}

interface Readers {
  readonly stream: string;
  readonly codecOf: (schema: string) => RowCodec;
  readonly views: readonly ViewBatch[];
}

/** Consecutive entries of the log on their way into the views that they change. */
export class LogBatch {
  readonly views: readonly ViewBatch[];
  /** By the stream's name: views that read it in the same shape. */
  private readonly byStream: ReadonlyMap<string, readonly Readers[]>;
  private readonly limits: BatchLimits;
  private readonly input = new ByteReader(new Uint8Array(0));
  private records = 0;
  private bytes = 0;
  /** What is behind the last entry, and the stamp of the last record. */
  end: LogPosition = 0;
  lastStamp: Timestamp = Number.MIN_SAFE_INTEGER;

  /** @param number counts batches up: what they change stays in the caches until it is committed */
  constructor(
    views: readonly FoldedView[],
    cacheOf: (view: FoldedView) => KeyCache,
    number: number,
    schemas: StreamSchemas,
    limits: BatchLimits,
  ) {
    const batches = views.map((view) => ({ source: view.source, batch: new ViewBatch(view, cacheOf(view), number) }));
    this.views = batches.map(({ batch }) => batch);
    const readers = [...Map.groupBy(batches, ({ source }) => source)].map(([source, of]) => ({
      stream: source.name,
      codecOf: schemas.codecsOf(source),
      views: of.map(({ batch }) => batch),
    }));
    this.byStream = Map.groupBy(readers, ({ stream }) => stream);
    this.limits = limits;
  }

  get isFull(): boolean {
    const { records, bytes, keys } = this.limits;
    let changed = 0;
    for (const view of this.views) changed += view.size;
    return this.records >= records || this.bytes >= bytes || changed >= keys;
  }

  /** Takes the next entry, of which it keeps nothing that is lent. @throws ASOF_CORRUPT, ASOF_FORMAT */
  take({ stream, kind, count, stamp, position, payload }: LogEntry): void {
    this.records += count;
    this.bytes += payload.length;
    this.end = position + count;
    this.lastStamp = stamp + count - 1;
    for (const { codecOf, views } of this.byStream.get(stream) ?? []) {
      this.input.reset(payload);
      if (kind === ENTRY.records) {
        const records = decodeRecords(this.input, count, codecOf);
        for (const view of views) view.records(records, stamp);
      } else if (kind === ENTRY.withdrawals) {
        const withdrawals = decodeWithdrawals(this.input, count, codecOf);
        for (const view of views) view.withdrawals(withdrawals);
      }
    }
  }
}
