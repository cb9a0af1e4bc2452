import { createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import { to as copyTo } from "pg-copy-streams";
import { AsofError } from "../../core/errors.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { fileColumns } from "../../core/plan/file-relation.ts";
import { parseDuration } from "../../core/time/duration.ts";
import type { CopyTable, TableCopy, TablePosition, TableRequest } from "../../ports/table-reader.ts";
import type { Connection as ConnectionType } from "./connection.ts";
import { columnSql, positionType, type TableColumn } from "./column-sql.ts";
import { postgresError } from "./postgres-error.ts";

/** Copies a table of PostgreSQL. */
export const copyPostgresTable: CopyTable = async (request) => {
  const { table, signal } = request;
  // Only now: most stores never read a table.
  const { Connection } = await import("./connection.ts");
  let connection: ConnectionType | null = null;
  const stop = (): void => connection?.cut();
  try {
    signal?.throwIfAborted();
    const opened = (connection = new Connection(request.url));
    signal?.addEventListener("abort", stop);
    return await opened.within(async () => {
      await opened.open();
      // One snapshot: what the position is read from is what is copied.
      await opened.client.query("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
      const copy = await read(opened, request);
      await opened.client.query("COMMIT");
      return copy;
    });
  } catch (error) {
    if (signal?.aborted === true)
      throw new AsofError("ASOF_INTERRUPTED", `reading table ${table} was interrupted`, { table });
    throw postgresError(error, table);
  } finally {
    signal?.removeEventListener("abort", stop);
    connection?.cut();
  }
};

async function read({ client, ended }: ConnectionType, request: TableRequest): Promise<TableCopy> {
  const { table, fields, columns } = request;
  const [found] = await rowsOf(
    client,
    `select c.oid::text as oid, current_database() as database, n.nspname as schema, c.relname as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1)`,
    [table],
  );
  if (found === undefined) throw amiss(table, "there is no such table, or no right to see it");
  const name = `${found["database"]}.${found["schema"]}.${found["name"]}`;
  const from = `${sqlIdentifier(String(found["schema"]))}.${sqlIdentifier(String(found["name"]))}`;
  const known = await columnsOf(client, String(found["oid"]));
  const named = fileColumns(fields, columns);
  const wanted = Object.entries(fields).flatMap(([field, { kind }]) => {
    const column = known.get(named[field]);
    return column === undefined ? [] : [{ column: named[field], sql: columnSql(table, column, field, kind) }];
  });
  const range = await rangeOf(client, request, { name, from, known });
  const names = wanted.map(({ column }) => column);
  if (range === null || wanted.length === 0) return { name, until: null, columns: names };
  const list = wanted.map(({ column, sql }) => `${sql} as ${sqlIdentifier(column)}`).join(", ");
  const rows = client.query(
    copyTo(
      `copy (select ${list} from ${from} where ${range.condition} order by ${sqlIdentifier(range.until.column)}) to stdout with (format csv, header)`,
    ),
  );
  await pipeline(rows, counted(request), createWriteStream(request.to), { signal: ended });
  return { name, until: range.until, columns: names };
}

async function rowsOf(
  client: Client,
  sql: string,
  values: readonly string[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { rows } = await client.query<Record<string, unknown>>(sql, [...values]);
  return rows;
}

async function columnsOf(client: Client, oid: string): Promise<ReadonlyMap<string, TableColumn>> {
  const rows = await rowsOf(
    client,
    `select a.attname as name, a.attnotnull as "notNull",
            case when coalesce(b.typtype, t.typtype) = 'e' then 'enum' else coalesce(b.typname, t.typname) end as type
     from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_type b on b.oid = nullif(t.typbasetype, 0)
     where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped`,
    [oid],
  );
  return new Map(rows.map((row) => [String(row["name"]), row as unknown as TableColumn]));
}

interface Found {
  readonly name: string;
  readonly from: string;
  readonly known: ReadonlyMap<string, TableColumn>;
}

/** The rows to read, as a condition, and the position they end at; null where there are none. */
async function rangeOf(
  client: Client,
  { table, position, margin, after }: TableRequest,
  { name, from, known }: Found,
): Promise<{ readonly condition: string; readonly until: TablePosition } | null> {
  const column = known.get(position);
  if (column === undefined)
    throw amiss(table, `it has no column ${position}; there are ${[...known.keys()].join(", ")}`);
  const type = positionType(column.type);
  if (type === null)
    throw amiss(
      table,
      `${position} is ${column.type}: a position is a column of integers or timestamps that only grows`,
    );
  if (!column.notNull)
    throw amiss(
      table,
      `${position} may be null, and a row without a position would never be read: declare it NOT NULL`,
    );
  const last = await after(name);
  if (last !== null && last.column !== position)
    throw amiss(table, `it was read by ${last.column} before: by ${position}, rows would come twice or not at all`);
  const at = sqlIdentifier(position);
  const literal = (text: string): string => `'${text.replaceAll("'", "''")}'::${type.cast}`;
  const past = last === null ? [] : [`${at} > ${literal(last.at)}`];
  const conditions = [...past, ...(margin === null ? [] : [behind(table, at, from, type, margin)])];
  const [newest] = await rowsOf(
    client,
    `select max(${at})::text as at from ${from}${conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`}`,
  );
  const end = newest?.["at"] as string | null;
  if (end === null) return null;
  if (end === "infinity") throw amiss(table, `a row has infinity as its ${position}: nothing could come after it`);
  return {
    condition: [...past, `${at} <= ${literal(end)}`].join(" and "),
    until: { column: position, at: end },
  };
}

/** That a row lies so far behind the newest, or behind now. */
function behind(table: string, at: string, from: string, { integer }: { integer: boolean }, margin: string): string {
  if (integer) {
    if (!/^\d{1,18}$/.test(margin)) throw amiss(table, `a margin behind integers is a number, not ${margin}`);
    return `${at} <= (select max(${at}) from ${from}) - ${margin}`;
  }
  // A timestamp without a zone is read as UTC, which the session's zone is.
  return `${at} <= now() - interval '1 microsecond' * ${parseDuration(margin)}`;
}

/** Tells how many bytes have come. */
function counted({ table, onProgress }: TableRequest): Transform {
  let done = 0;
  let told = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, next) {
      done += chunk.byteLength;
      if (done - told > 1_000_000)
        onProgress?.({ phase: `read ${table}`, done: (told = done), total: null, unit: "bytes" });
      next(null, chunk);
    },
  });
}

const amiss = (table: string, why: string): AsofError =>
  new AsofError("ASOF_TABLE", `table ${table}: ${why}`, { table });
