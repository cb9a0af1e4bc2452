import { FLIGHTS, runSql } from "./flights.ts";
import { inFreshProcess } from "./measure.ts";

const MODULE = new URL("./flights.ts", import.meta.url);
const rows = `read_parquet('${FLIGHTS}', file_row_number = true)`;
const columns = "date, delay, distance, origin, destination";

/** The days that the flights span, and a little more: copies shifted by them stand behind one another. */
const SPAN = 182;

async function write(file: string, select: string): Promise<void> {
  const sql = `COPY (${select}) TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 122880)`;
  await inFreshProcess(MODULE, runSql.name, { sql });
}

/** All flights several times, each copy after the one before, in order of time; no more than `most` of them. */
export function copiedFlights(file: string, copies: number, most = Infinity): Promise<void> {
  return write(
    file,
    `SELECT ${columns.replace("date", `date + to_days(CAST(${SPAN} * copy AS INTEGER)) AS date`)}
     FROM ${rows}, range(${copies}) r(copy) ORDER BY copy, file_row_number${Number.isFinite(most) ? ` LIMIT ${most}` : ""}`,
  );
}

/** The first flights, numbered in an order that is not that of time. */
export function numberedFlights(file: string, count: number): Promise<void> {
  return write(
    file,
    `SELECT ${columns}, (file_row_number * 7919) % ${count} AS number FROM ${rows}
     WHERE file_row_number < ${count} ORDER BY file_row_number`,
  );
}

/** Flights of which three in ten leave from the same place. */
export function hotFlights(file: string): Promise<void> {
  const origin = "CASE WHEN hash(file_row_number) % 10 < 3 THEN 'HOT' ELSE origin END AS origin";
  return write(file, `SELECT ${columns.replace("origin", origin)} FROM ${rows} ORDER BY file_row_number`);
}

/** Four copies of all flights at once, that leave from places drawn from so many. */
export function scatteredFlights(file: string, keys: number): Promise<void> {
  const origin = `'P' || hash(file_row_number * 2 + copy) % ${keys} AS origin`;
  return write(
    file,
    `SELECT ${columns.replace("origin", origin)} FROM ${rows}, range(4) r(copy) ORDER BY file_row_number, copy`,
  );
}

/** So many flights, each several times, in order of time: a spine. */
export function repeatedFlights(file: string, count: number): Promise<void> {
  return write(
    file,
    `SELECT ${columns} FROM ${rows}, range(${Math.ceil(count / 3_000_000)}) ORDER BY file_row_number LIMIT ${count}`,
  );
}
