import { AsofError } from "../../core/errors.ts";
import type { Body } from "./body.ts";
import { parseFlatLines } from "./json/parse-flat-lines.ts";
import { parseJson } from "./json/parse-json.ts";
import type { RequestRow, RowReader } from "./row-reader.ts";

/**
 * The records of a body: one object or an array of them in JSON, one a line in NDJSON. The last line may end in a
 * newline; no line may be blank.
 * @throws ASOF_JSON, ASOF_REQUEST with the `line` (from 1) or the `record` (from 0); ASOF_EMPTY
 */
export function readRecords(body: Body, read: RowReader): RequestRow[] {
  const records = body.language === "ndjson" ? readLines(body.text, read) : readArray(body.text, read);
  if (records.length === 0) throw new AsofError("ASOF_EMPTY", "the body holds no record");
  return records;
}

function readArray(text: string, read: RowReader): RequestRow[] {
  const parsed = parseJson(text);
  if (Array.isArray(parsed)) return parsed.map((record, index) => read(record, "record", index));
  return [read(parsed, "record", 0)];
}

function readLines(text: string, read: RowReader): RequestRow[] {
  const objects = parseFlatLines(text);
  if (objects !== null) return objects.map((one, index) => read(one, "line", index + 1));
  const records: RequestRow[] = [];
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const parsed = parseJson(text.slice(start, end), { lines: records.length, characters: start });
    records.push(read(parsed, "line", records.length + 1));
    start = end + 1;
  }
  return records;
}
