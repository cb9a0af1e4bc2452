import type { Stream } from "../../core/definition/stream.ts";
import type { HistoryFilter, HistoryRow } from "../../core/result/history.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { sqlList } from "../../core/plan/sql.ts";
import { columnsOfRows } from "../../core/schema/column.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION, systemColumns, WITHDRAWN } from "../../core/schema/system-columns.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import type { OfflineStore } from "./offline-store.ts";

const HISTORY = "asof_history";
const WANTED = "asof_wanted";

/** Reads rows of a stream below a cut, as they are: for those who compute anew what others have computed of them. */
export async function readHistory(
  engine: OfflineEngine,
  store: OfflineStore,
  stream: Stream,
  cut: LogPosition,
  filter: HistoryFilter,
): Promise<HistoryRow[]> {
  const session = await engine.session();
  try {
    const loads = "loadsUntil" in filter && filter.loadsUntil !== undefined ? { loadsUntil: filter.loadsUntil } : {};
    const { since } = filter;
    const events = since === undefined ? {} : { events: { since, until: Infinity } };
    await store.attach(session, HISTORY, stream, { cut, ...loads, ...events });
    const isThere = since === undefined ? "true" : `h.${EVENT} >= make_timestamp(${since}::BIGINT)`;
    const columns = await session.describe(`SELECT * FROM ${HISTORY}`);
    const isWithdrawable = columns.some(({ name }) => name === WITHDRAWN);
    const fields: Fields = {
      ...stream.fields,
      ...systemColumns,
      ...(isWithdrawable ? { [WITHDRAWN]: { kind: "timestamp", nullable: true } } : {}),
    };
    const select = `SELECT ${sqlList(Object.keys(fields))} FROM ${HISTORY} h`;
    let sql: string;
    if ("sample" in filter)
      // Whatever the order of the rows, and the number of threads.
      sql = `${select} WHERE ${isThere} ORDER BY hash(${sqlList([EVENT, AVAILABLE, ...Object.keys(stream.fields)])}, ${filter.seed}) LIMIT ${filter.sample}`;
    else {
      const [first] = filter.keys;
      if (first === undefined) return [];
      const names = Object.keys(first);
      const keys = Object.fromEntries(names.map((name) => [name, { ...stream.fields[name], nullable: true }]));
      await session.table(WANTED, keys, [columnsOfRows(keys, filter.keys)]);
      const same = names.map((name) => `h.${sqlIdentifier(name)} = w.${sqlIdentifier(name)}`);
      sql = `${select} SEMI JOIN ${WANTED} w ON ${same.join(" AND ")} WHERE ${isThere}`;
    }
    const found = await session.rows(sql, fields);
    return found.map((row) => ({
      row: Object.fromEntries(Object.keys(stream.fields).map((name) => [name, row[name]])),
      event: row[EVENT] as number,
      available: row[AVAILABLE] as number,
      withdrawn: isWithdrawable ? (row[WITHDRAWN] as number | null) : null,
      position: Number(row[POSITION]),
    }));
  } finally {
    await session.close();
  }
}
