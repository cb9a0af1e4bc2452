import type { BatchRow } from "../../core/codec/batch-rows.ts";
import type { AggregateViewDefinition, BatchViewDefinition } from "../../core/definition/data.ts";
import type { Stream } from "../../core/definition/stream.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { sqlList, sqlValue } from "../../core/plan/sql.ts";
import { type Batch, rowAt } from "../../core/schema/column.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION, systemColumns, WITHDRAWN } from "../../core/schema/system-columns.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import type { OfflineStore } from "./offline-store.ts";

/** History in the order of keys: what online state is built from. */
export class KeyedHistory {
  private readonly engine: OfflineEngine;
  private readonly store: OfflineStore;
  private readonly streams: {
    readonly source: (name: string) => Stream;
    readonly batch: (view: BatchViewDefinition) => Stream;
  };

  constructor(engine: OfflineEngine, store: OfflineStore, streams: KeyedHistory["streams"]) {
    this.engine = engine;
    this.store = store;
    this.streams = streams;
  }

  loadedUntil(streams: readonly string[], cut: LogPosition): Promise<LogPosition> {
    return this.store.loadedUntil(streams, cut);
  }

  /** Records of a view's source by the view's keys: `columns` and both times. */
  async *keyed(
    view: AggregateViewDefinition,
    columns: readonly string[],
    range: { readonly cut: LogPosition; readonly since: number; readonly after: Row | null },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Batch> {
    const stream = this.streams.source(view.source);
    const keys = Object.values(view.keys);
    const conditions = keys.map((key) => `${sqlIdentifier(key)} IS NOT NULL`);
    // What is withdrawn below the cut was withdrawn before every moment that the state is for.
    if (stream.withdrawals !== undefined) conditions.push(`${WITHDRAWN} IS NULL`);
    if (Number.isFinite(range.since)) conditions.push(`${EVENT} >= make_timestamp(${range.since}::BIGINT)`);
    if (range.after !== null)
      conditions.push(
        `row(${sqlList(keys)}) > row(${keys.map((key) => sqlValue(stream.fields[key], range.after![key])).join(", ")})`,
      );
    const fields: Fields = {
      ...Object.fromEntries(columns.map((name) => [name, stream.fields[name]])),
      [EVENT]: systemColumns[EVENT],
      [AVAILABLE]: systemColumns[AVAILABLE],
    };
    const session = await this.engine.session(signal === undefined ? {} : { signal });
    try {
      await this.store.attach(session, "asof_history", stream, {
        cut: range.cut,
        events: { since: range.since, until: Infinity },
      });
      yield* session.columns(
        `SELECT ${sqlList(Object.keys(fields))} FROM asof_history WHERE ${conditions.join(" AND ")} ORDER BY ${sqlList(keys)}`,
        fields,
      );
    } finally {
      await session.close();
    }
  }

  /** Rows of a batch view that came from computations in [from, cut), by key. */
  async *batchRows(
    view: BatchViewDefinition,
    range: { readonly from: LogPosition; readonly cut: LogPosition },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ readonly keys: Row; readonly row: BatchRow }> {
    const stream = this.streams.batch(view);
    const keys = Object.keys(stream.fields).filter((name) => !(name in view.features));
    const fields: Fields = {
      ...stream.fields,
      [EVENT]: systemColumns[EVENT],
      [AVAILABLE]: systemColumns[AVAILABLE],
      [POSITION]: { kind: "int64", nullable: false },
    };
    const session = await this.engine.session(signal === undefined ? {} : { signal });
    try {
      await this.store.attach(session, "asof_history", stream, { cut: range.cut, loadsFrom: range.from });
      for await (const batch of session.columns(
        `SELECT ${sqlList(Object.keys(fields))} FROM asof_history ORDER BY ${sqlList(keys)}`,
        fields,
      ))
        for (let i = 0; i < batch.rows; i++) {
          const row = rowAt(batch, i);
          yield {
            keys: row,
            row: {
              event: row[EVENT] as number,
              available: row[AVAILABLE] as number,
              entry: Number(row[POSITION]),
              features: row,
            },
          };
        }
    } finally {
      await session.close();
    }
  }
}
