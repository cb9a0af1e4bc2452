import type { openEngine } from "../../open.ts";
import type { BatchViewDefinition } from "../../core/definition/data.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { LoadedRecord } from "../../core/oracle/key-history.ts";
import { sqlSubquery, sqlType } from "../../core/plan/sql.ts";
import { columnsOfRows } from "../../core/schema/column.ts";
import type { Fields, Row, Value } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import { same } from "./compare.ts";
import type { Expected } from "./expected.ts";
import type { Subject } from "./subject.ts";

type Engine = Awaited<ReturnType<typeof openEngine>>;

export interface ComputedRow {
  readonly key: readonly Value[];
  readonly event: Timestamp;
  readonly available: Timestamp;
  readonly features: Row;
}

export interface ExpectedComputation {
  /** New rows and new versions of rows. */
  readonly rows: readonly ComputedRow[];
  /** Rows that come out otherwise where the query sees only what was available before their time. */
  readonly leaks: readonly { readonly key: Row; readonly event: Timestamp }[];
}

/**
 * What a computation of a batch view at t must add: its query over plain tables of all accepted records, less what is
 * there already. The first computation is a backfill.
 */
export async function expectedComputation(
  engine: Engine,
  subject: Subject,
  view: BatchViewDefinition,
  history: Expected,
  t: Timestamp,
): Promise<ExpectedComputation> {
  const keys = subject.catalog.entities.get(view.entity)!.keys;
  // A query sees what is not known to be withdrawn when it runs.
  const isThere = ({ withdrawn }: LoadedRecord): boolean => withdrawn === undefined || withdrawn >= t;
  const all = (await run(engine, subject, view, history, isThere)).filter(({ event }) => event <= t);
  const backfill = !history.hasVersions(view.name);
  const rows = all
    .filter(({ key, event, features }) => {
      const versions = history.versionsOf(view.name, key).filter((version) => version.event === event);
      if (versions.length === 0) return true;
      const newest = versions.reduce((a, b) =>
        b.available > a.available || (b.available === a.available && b.entry > a.entry) ? b : a,
      );
      return !same(newest.features, features);
    })
    .map((row) => ({ ...row, available: backfill ? row.event + view.delay : Math.max(row.event, t) }));
  // A few are enough: a query that looks ahead does so everywhere.
  const times = [...new Set(rows.map(({ event }) => event))].sort((a, b) => a - b);
  const leaks: { key: Row; event: Timestamp }[] = [];
  for (const event of new Set([times[times.length >> 1], times[times.length - 1]])) {
    if (event === undefined) continue;
    const early = await run(engine, subject, view, history, (record) => isThere(record) && record.available < event);
    for (const row of all.filter((one) => one.event === event))
      if (!early.some((one) => one.event === event && same(one.key, row.key) && same(one.features, row.features)))
        leaks.push({ key: Object.fromEntries(Object.keys(keys).map((name, i) => [name, row.key[i]])), event });
  }
  return { rows, leaks };
}

async function run(
  engine: Engine,
  subject: Subject,
  view: BatchViewDefinition,
  history: Expected,
  sees: (record: LoadedRecord) => boolean,
): Promise<Omit<ComputedRow, "available">[]> {
  const keys = subject.catalog.entities.get(view.entity)!.keys;
  const session = await engine.session();
  try {
    for (const name of view.reads) {
      const fields: Fields = { ...subject.catalog.sources.get(name)!.fields, event_time: TIME, available_time: TIME };
      const rows = history
        .recordsOf(name)
        .filter(sees)
        .map(({ row, event, available }): Row => ({ ...row, event_time: event, available_time: available }));
      await session.table(name, fields, rows.length === 0 ? [] : [columnsOfRows(fields, rows)]);
    }
    const fields: Fields = { ...keys, ...view.features };
    const selected = Object.entries(fields).map(
      ([name, { kind }]) => `CAST(${sqlIdentifier(name)} AS ${sqlType[kind]}) AS ${sqlIdentifier(name)}`,
    );
    const found = await session.rows(
      `SELECT ${selected.join(", ")}, CAST(${sqlIdentifier(view.eventTime)} AS TIMESTAMP) AS ${EVENT} FROM ${sqlSubquery(view.sql)}`,
      { ...fields, [EVENT]: TIME },
    );
    return found.map((row) => ({
      key: Object.keys(keys).map((name) => row[name]),
      event: row[EVENT] as number,
      features: Object.fromEntries(Object.keys(view.features).map((name) => [name, row[name]])),
    }));
  } finally {
    await session.close();
  }
}

const EVENT = "asof_event";
const TIME = { kind: "timestamp", nullable: false } as const;
