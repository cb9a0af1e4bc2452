import type { ErrorCode } from "../../../core/errors.ts";
import type { Store } from "../../../store.ts";
import type { RequestRow } from "../row-reader.ts";
import type { Schema } from "../schema.ts";

/** What Feast answers where there is nothing to say. */
export const done: Schema = { type: "null" };

/** What records can be refused with. */
export const writeErrors: readonly ErrorCode[] = [
  "ASOF_JSON",
  "ASOF_REQUEST",
  "ASOF_TYPE",
  "ASOF_UNKNOWN_FIELD",
  "ASOF_MISSING_FIELD",
  "ASOF_TIMESTAMP",
  "ASOF_NOT_FINITE",
  "ASOF_OVERFLOW",
  "ASOF_STRING",
  "ASOF_FUTURE",
  "ASOF_ID_CONFLICT",
  "ASOF_HOME_LOCKED",
];

/** Takes records, all or none. Who has the answer can read them, as with Feast. No records are no fault there. */
export async function writeRecords(store: Store, source: string, rows: readonly RequestRow[]): Promise<string> {
  if (rows.length > 0) {
    await store.ingest(source, rows);
    await store.settled();
  }
  return "null";
}
