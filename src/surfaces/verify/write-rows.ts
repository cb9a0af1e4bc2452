import { writeFile } from "node:fs/promises";
import type { openEngine } from "../../open.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import { columnsOfRows } from "../../core/schema/column.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";

export type Engine = Awaited<ReturnType<typeof openEngine>>;

/** The column of a spine that holds each row's moment. */
export const MOMENT = "asked_at";

/** Writes requests, each with its moment, as the spine of a training set. */
export function writeSpine(
  engine: Engine,
  file: string,
  { service }: ServicePlan,
  { requests, moments }: { readonly requests: readonly Row[]; readonly moments: readonly Timestamp[] },
): Promise<void> {
  const inputs = Object.fromEntries(
    Object.entries(service.inputs).map(([name, type]) => [name, { ...type, nullable: true }]),
  );
  const fields: Fields = { ...inputs, [MOMENT]: { kind: "timestamp", nullable: false } };
  const rows = requests.map((request, i): Row => ({ ...request, [MOMENT]: moments[i] }));
  return writeRows(engine, file, { fields, columns: {} }, rows);
}

/** Writes rows as a file of NDJSON or Parquet, under the names that its columns have. */
export async function writeRows(
  engine: Engine,
  file: string,
  { fields, columns }: { readonly fields: Fields; readonly columns: Readonly<Record<string, string>> },
  rows: readonly Row[],
): Promise<void> {
  const named = (row: Row): Row =>
    Object.fromEntries(Object.keys(fields).map((field) => [columns[field] ?? field, row[field]]));
  const types = Object.fromEntries(Object.entries(fields).map(([field, type]) => [columns[field] ?? field, type]));
  const renamed = rows.map(named);
  if (file.endsWith(".ndjson")) return writeFile(file, renamed.map((row) => `${jsonOf(row)}\n`).join(""));
  const session = await engine.session();
  try {
    await session.writeParquet(file, types, [columnsOfRows(types, renamed)]);
  } finally {
    await session.close();
  }
}

/** Whether JSON carries the rows as they are: it has no NaN, and a column of nulls has no type there. */
export function isJson(fields: Fields, rows: readonly Row[]): boolean {
  return Object.entries(fields).every(
    ([name, { kind }]) =>
      rows.some((row) => row[name] !== null) &&
      (kind !== "float64" || rows.every((row) => row[name] === null || Math.abs(row[name] as number) < 1e15)),
  );
}

function jsonOf(row: Row): string {
  return `{${Object.entries(row)
    .map(
      ([name, value]) => `${JSON.stringify(name)}:${typeof value === "bigint" ? String(value) : JSON.stringify(value)}`,
    )
    .join(",")}}`;
}
