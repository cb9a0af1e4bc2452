import { ByteReader } from "../../core/codec/bytes.ts";
import { availableOf, visitRecords } from "../../core/codec/record-batch.ts";
import type { RowCodec } from "../../core/codec/row-codec.ts";
import { BatchBuilder } from "../../core/schema/batch-builder.ts";
import type { Batch } from "../../core/schema/column.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION, systemColumns } from "../../core/schema/system-columns.ts";
import type { LogEntry } from "../../ports/event-log.ts";
import { unhurriedParts } from "./unhurried.ts";

/** Rows of a batch, and about how many milliseconds it takes to hand one to the engine. */
const BATCH = 4_096;
const BATCH_MS = 3;

/** Rows of one stream and schema on their way to Parquet, by columns: no object a row stays in memory. */
export class ArchivedRows {
  readonly stream: string;
  /** Without the system's columns. */
  readonly fields: Fields;
  /** With them. */
  readonly columns: Fields;
  private readonly builder: BatchBuilder;
  /** Where the columns are that the codec of records gives, in its order, and behind them the system's. */
  private places: readonly number[] | null = null;

  constructor(stream: string, fields: Fields) {
    this.stream = stream;
    this.fields = fields;
    this.columns = { ...fields, ...systemColumns };
    this.builder = new BatchBuilder(this.columns, BATCH);
  }

  get rows(): number {
    return this.builder.rows;
  }

  /** Adds a row of all columns. */
  add(row: Row): void {
    this.builder.add(row);
  }

  /** Adds the records of an entry. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
  addRecords({ position, stamp, count, payload }: LogEntry, codec: RowCodec): void {
    const { builder } = this;
    const places = (this.places ??= this.placesOf([...codec.names, EVENT, AVAILABLE, POSITION]));
    visitRecords(new ByteReader(payload), count, codec, (event, values, i) => {
      const fields = values.length;
      for (let v = 0; v < fields; v++) builder.set(places[v], values[v]);
      builder.set(places[fields], event);
      builder.set(places[fields + 1], availableOf(event, stamp + i));
      builder.set(places[fields + 2], BigInt(position + i));
      builder.next();
    });
  }

  batches(rests: () => boolean): AsyncIterable<Batch> {
    return unhurriedParts(this.builder.batches(), BATCH_MS, rests);
  }

  private placesOf(names: readonly string[]): number[] {
    const all = Object.keys(this.columns);
    return names.map((name) => all.indexOf(name));
  }
}
