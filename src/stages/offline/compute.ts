import type { Catalog } from "../../core/definition/catalog.ts";
import type { BatchViewDefinition } from "../../core/definition/data.ts";
import { sourceStream, type Stream } from "../../core/definition/stream.ts";
import { AsofError } from "../../core/errors.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { OneByOne } from "../../core/one-by-one.ts";
import { castSql } from "../../core/plan/file-relation.ts";
import { sqlList, sqlSubquery } from "../../core/plan/sql.ts";
import type { ComputeOutcome } from "../../core/result/outcomes.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import type { DataType } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION, WITHDRAWN } from "../../core/schema/system-columns.ts";
import { formatTimestamp, type Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineStore, Part } from "./offline-store.ts";

/** Writes the rows of a query into history as one load; null where there are none. */
export type WriteLoad = (
  session: OfflineSession,
  load: { readonly stream: string; readonly id: string; readonly fields: readonly string[]; readonly sql: string },
) => Promise<{ readonly position: LogPosition; readonly rows: number; readonly bytes: number } | null>;

export interface ComputeRequest extends WorkOptions {
  readonly catalog: Catalog;
  readonly view: BatchViewDefinition;
  readonly stream: Stream;
  readonly id: string;
  /** The position and the moment that the computation is of, asked for when its turn has come. */
  readonly cut: () => Promise<Cut>;
}

interface Cut {
  readonly position: LogPosition;
  readonly t: Timestamp;
}

/**
 * Computes a batch view by its query. Rows that are new, or differ from the newest version there is, become one load.
 * The first computation is a backfill: its rows count as available the view's usual delay after their time. Later
 * rows are available from their computation. Rows whose time is yet to come are left for later.
 */
export class Computer {
  private readonly engine: OfflineEngine;
  private readonly store: OfflineStore;
  private readonly write: WriteLoad;
  private readonly clock: Clock;
  private readonly computations = new OneByOne();

  constructor(parts: { engine: OfflineEngine; store: OfflineStore; write: WriteLoad; clock: Clock }) {
    this.engine = parts.engine;
    this.store = parts.store;
    this.write = parts.write;
    this.clock = parts.clock;
  }

  /** One computation at a time: each sees the rows of those before it. */
  compute(request: ComputeRequest): Promise<ComputeOutcome> {
    return this.computations.run(() => this.run(request));
  }

  private async run(request: ComputeRequest): Promise<ComputeOutcome> {
    const { catalog, view, stream, signal } = request;
    const cut = await request.cut();
    const began = this.clock.elapsed();
    const session = await this.engine.session(signal === undefined ? {} : { signal });
    try {
      request.onProgress?.({ phase: `compute ${view.name}`, done: 0, total: null, unit: "rows" });
      await attachSources(session, this.store, catalog, view.reads, { cut: cut.position, held: true });
      const present = await this.store.attach(session, PRESENT, stream, { cut: cut.position });
      const backfill = present === 0;
      const from = await this.computableFrom(request, backfill);
      const computed = await this.runQuery(session, request, cut, from);
      const fields = Object.keys(stream.fields);
      const keys = Object.keys(catalog.entities.get(view.entity)!.keys);
      const isNew = `NOT EXISTS (SELECT 1 FROM ${NEWEST} p WHERE ${[...fields, EVENT].map((name) => `p.${sqlIdentifier(name)} IS NOT DISTINCT FROM c.${sqlIdentifier(name)}`).join(" AND ")})`;
      await session.run(
        `CREATE TEMP TABLE ${NEWEST} AS SELECT * FROM ${PRESENT}
         QUALIFY row_number() OVER (PARTITION BY ${sqlList(keys)}, ${EVENT} ORDER BY ${AVAILABLE} DESC, ${POSITION} DESC) = 1`,
      );
      const available = backfill
        ? `${EVENT} + to_microseconds(${view.delay})`
        : `greatest(${EVENT}, make_timestamp(${cut.t}::BIGINT))`;
      const committed = await this.write(session, {
        stream: stream.name,
        id: request.id,
        fields,
        sql: `SELECT ${sqlList(fields)}, ${EVENT}, ${available} AS ${AVAILABLE}, NULL AS ${POSITION} FROM ${COMPUTED} c WHERE ${backfill ? "true" : isNew}`,
      });
      const rows = committed?.rows ?? 0;
      request.onProgress?.({ phase: `compute ${view.name}`, done: rows, total: rows, unit: "rows" });
      return {
        view: view.name,
        t: cut.t,
        rows,
        unchanged: computed - rows,
        backfill,
        position: committed?.position ?? null,
        bytes: committed?.bytes ?? 0,
        seconds: this.clock.elapsed() - began,
      };
    } finally {
      await session.close();
    }
  }

  /**
   * The time from which on rows rest on records that are all held; null where all do. Asked once the sources are
   * attached. @throws ASOF_BEFORE_RETENTION where earlier rows would be needed
   */
  private async computableFrom({ catalog, view }: ComputeRequest, backfill: boolean): Promise<Timestamp | null> {
    let from: Timestamp | null = null;
    for (const name of view.reads) {
      const horizon = await this.store.horizonOf(sourceStream(catalog.sources.get(name)!).name);
      if (horizon === null) continue;
      if (backfill || view.lookback === undefined) {
        const why = backfill ? "its first computation is over all of history" : "it does not declare its `lookback`";
        throw new AsofError(
          "ASOF_BEFORE_RETENTION",
          `view ${view.name} cannot be computed: ${why}, and source ${name} is kept from ${formatTimestamp(horizon)} on, by its retention`,
          { view: view.name, source: name, horizon: formatTimestamp(horizon), needed: null },
        );
      }
      from = Math.max(from ?? -Infinity, horizon + view.lookback);
    }
    return from;
  }

  /** Runs the view's query into a table of the session, cast and checked; resolves to its rows. */
  private async runQuery(
    session: OfflineSession,
    { catalog, view, stream }: ComputeRequest,
    cut: Cut,
    from: Timestamp | null,
  ): Promise<number> {
    const described = await session.describe(view.sql);
    const column = (name: string, type: DataType): string => {
      const found = described.find((one) => one.name === name);
      const where = { view: view.name, column: name };
      if (found === undefined)
        throw new AsofError(
          "ASOF_BATCH_VIEW",
          `view ${view.name}: its query gives no column ${name}; it gives ${described.map((one) => one.name).join(", ")}`,
          where,
        );
      const cast = castSql(name, found.engineType, type.kind);
      if (cast === null)
        throw new AsofError(
          "ASOF_BATCH_VIEW",
          `view ${view.name}: its column ${name} is ${found.engineType}, but declared ${type.kind}`,
          where,
        );
      return cast.value;
    };
    const event = column(view.eventTime, { kind: "timestamp", nullable: false });
    const rows = await session.run(
      `CREATE TEMP TABLE ${COMPUTED} AS SELECT ${Object.entries(stream.fields)
        .map(([name, type]) => `${column(name, type)} AS ${sqlIdentifier(name)}`)
        .join(", ")},
         ${event} AS ${EVENT} FROM ${sqlSubquery(view.sql)}
       WHERE NOT (${event} > make_timestamp(${cut.t}::BIGINT))
         ${from === null ? "" : `AND NOT (${event} < make_timestamp(${from}::BIGINT))`}`,
    );
    const keys = Object.keys(catalog.entities.get(view.entity)!.keys);
    const required = [
      EVENT,
      ...keys,
      ...Object.entries(view.features)
        .filter(([, type]) => !type.nullable)
        .map(([name]) => name),
    ];
    const [nulls] = await session.rows(
      `SELECT ${required.map((name) => `count(*) FILTER (WHERE ${sqlIdentifier(name)} IS NULL) AS ${sqlIdentifier(name)}`).join(", ")} FROM ${COMPUTED}`,
      Object.fromEntries(required.map((name) => [name, { kind: "int64", nullable: false }])),
    );
    for (const name of required)
      if (nulls[name] !== 0n)
        throw new AsofError(
          "ASOF_BATCH_VIEW",
          `view ${view.name}: ${String(nulls[name])} of its rows have no ${name === EVENT ? view.eventTime : name}`,
          { view: view.name, column: name },
        );
    const [{ n }] = await session.rows(
      `SELECT count(*) AS n FROM (SELECT 1 FROM ${COMPUTED} GROUP BY ${sqlList([...keys, EVENT])} HAVING count(*) > 1)`,
      { n: { kind: "int64", nullable: false } },
    );
    if (n !== 0n)
      throw new AsofError(
        "ASOF_BATCH_VIEW",
        `view ${view.name}: ${String(n)} pairs of key and ${view.eventTime} have more than one row`,
        { view: view.name },
      );
    return rows;
  }
}

/**
 * Makes sources views of the session under their own names, with `event_time` and `available_time`: for users' queries.
 * Records that were withdrawn below the cut, and those whose event is not in the part, are left out.
 */
export async function attachSources(
  session: OfflineSession,
  store: OfflineStore,
  catalog: Catalog,
  names: readonly string[],
  part: Part,
): Promise<void> {
  const { events } = part;
  for (const name of names) {
    const stream = sourceStream(catalog.sources.get(name)!);
    const history = `${name}__history`;
    await store.attach(session, history, stream, part);
    const conditions = [
      ...(stream.withdrawals === undefined ? [] : [`${WITHDRAWN} IS NULL`]),
      ...(events === undefined ? [] : [`${EVENT} >= make_timestamp(${events.since}::BIGINT)`]),
    ];
    await session.run(
      `CREATE OR REPLACE TEMP VIEW ${sqlIdentifier(name)} AS
       SELECT ${sqlList(Object.keys(stream.fields))}, ${EVENT} AS event_time, ${AVAILABLE} AS available_time FROM ${sqlIdentifier(history)}
       ${conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`}`,
    );
  }
}

const COMPUTED = "asof_computed";
const PRESENT = "asof_present";
const NEWEST = "asof_newest";
