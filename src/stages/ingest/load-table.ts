import { namingFields } from "../../core/codec/key-text.ts";
import { AsofError } from "../../core/errors.ts";
import { sqlIdentifier, sqlString } from "../../core/expression/sql-text.ts";
import { fileColumns } from "../../core/plan/file-relation.ts";
import { REJECTS } from "../../core/plan/folders.ts";
import { sqlList } from "../../core/plan/sql.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import { badRow, castFields, problemSql } from "./cast-fields.ts";
import { CONFLICTS, ROW, type Sorted } from "./load-identity.ts";
import { type LoadRequest, relationOf } from "./load-request.ts";

const ALL = "asof_load_all";
/** The rows of a load that are as its source says, as a view of the session. */
export const GOOD = "asof_load_good";
const PROBLEM = "__problem";

/** Rows that a load has set aside, and into what file. */
export interface Rejected {
  readonly rows: number;
  readonly file: string | null;
}

/** Reads the files into a table of the session, each field cast to its type beside a mark of what did not fit. */
export async function readFiles(session: OfflineSession, request: LoadRequest): Promise<number> {
  const { source, files, onProgress } = request;
  onProgress?.({ phase: `read ${source.name}`, done: 0, total: null, unit: "rows" });
  const relation = relationOf(request);
  const described = await session.describe(`SELECT * FROM ${relation}`);
  const columns = fileColumns(source.fields, source.columns);
  const isThere = (field: string): boolean => described.some(({ name }) => name === columns[field]);
  if (Object.entries(source.fields).some(([field, type]) => !type.nullable && !isThere(field)))
    await refuseEmpty(session, relation, files);
  const casts = castFields(source, source.fields, described, files);
  const problem = problemSql(casts, source.fields, namingFields(source, request.views));
  return session.run(
    `CREATE TEMP TABLE ${ALL} AS SELECT ${casts.map(({ field, cast }) => `${cast.value} AS ${sqlIdentifier(field)}`).join(", ")},
       ${problem} AS ${PROBLEM}, row_number() OVER () - 1 AS ${ROW} FROM ${relation}`,
  );
}

/** An empty file lacks every column, but that is not what is wrong with it. */
async function refuseEmpty(session: OfflineSession, relation: string, files: readonly string[]): Promise<void> {
  const some = await session.rows(`SELECT 1 AS n FROM ${relation} LIMIT 1`, {
    n: { kind: "int32", nullable: false },
  });
  if (some.length === 0) throw nothingIn(files);
}

export function nothingIn(files: readonly string[]): AsofError {
  return new AsofError("ASOF_EMPTY", `${files.join(", ")}: there are no rows`, { file: files.join(", ") });
}

/** Refuses the load for its first bad row, or sets bad rows aside. */
export async function checkRows(session: OfflineSession, store: FileStore, request: LoadRequest): Promise<Rejected> {
  const { source } = request;
  const [bad] = await session.rows(
    `SELECT ${ROW} AS row, ${PROBLEM} AS problem, count(*) OVER () AS n FROM ${ALL} WHERE ${PROBLEM} IS NOT NULL ORDER BY ${ROW} LIMIT 1`,
    {
      row: { kind: "int64", nullable: false },
      problem: { kind: "string", nullable: false },
      n: { kind: "int64", nullable: false },
    },
  );
  await session.run(`CREATE TEMP VIEW ${GOOD} AS SELECT * FROM ${ALL} WHERE ${PROBLEM} IS NULL`);
  if (bad === undefined) return { rows: 0, file: null };
  if (!request.rejects)
    throw badRow(source.name, request.files, Number(bad.row), String(bad.problem), {
      badRows: Number(bad.n),
      more: ` (${String(bad.n)} bad rows in all; nothing was loaded)`,
    });
  const file = await setAside(session, store, request, `SELECT * FROM ${ALL} WHERE ${PROBLEM} IS NOT NULL`);
  return { rows: Number(bad.n), file };
}

/** Refuses the load for rows of which other content is known, or sets them aside as well. */
export async function rejectConflicts(
  session: OfflineSession,
  store: FileStore,
  request: LoadRequest,
  { conflicts, first }: Pick<Sorted, "conflicts" | "first">,
  rejected: Rejected,
): Promise<Rejected> {
  const { source, files } = request;
  if (!request.rejects && first !== null)
    throw new AsofError(
      "ASOF_ID_CONFLICT",
      `${files.join(", ")}, row ${first.row + 1}: another record of ${first.id} is known (${conflicts} such rows in all; nothing was loaded)`,
      { source: source.name, file: files.join(", "), row: first.row + 1, id: first.id, badRows: conflicts },
    );
  const conflict = `SELECT ${ROW} FROM ${CONFLICTS}`;
  const file = await setAside(
    session,
    store,
    request,
    `SELECT * REPLACE (CASE WHEN ${ROW} IN (${conflict}) THEN 'ASOF_ID_CONFLICT' ELSE ${PROBLEM} END AS ${PROBLEM})
     FROM ${ALL} WHERE ${PROBLEM} IS NOT NULL OR ${ROW} IN (${conflict})`,
  );
  return { rows: rejected.rows + conflicts, file };
}

/** Writes rows into the load's rejects file; resolves to its path. */
async function setAside(
  session: OfflineSession,
  store: FileStore,
  { id, source }: LoadRequest,
  rows: string,
): Promise<string> {
  await store.makeFolder(REJECTS);
  const file = store.path(`${REJECTS}/${id}.csv`);
  await session.run(
    `COPY (SELECT ${ROW} + 1 AS row, ${PROBLEM} AS problem, ${sqlList(Object.keys(source.fields))} FROM (${rows}) ORDER BY ${ROW}) TO ${sqlString(file)} (HEADER)`,
  );
  return file;
}
