import { AsofError } from "../../core/errors.ts";
import type { ErrorCode, ErrorDetails } from "../../core/errors.ts";
import { sqlString } from "../../core/expression/sql-text.ts";

const OWN = /^Invalid Input Error: ASOF_TYPE "(.*)": ([^"]*)$/s;
const DISK = /no space left|disk full|max_temp_directory_size|read-only file system|failed to create directory/i;
const WRITE = /could not write|cannot (?:write|move|remove|create)|failed to (?:write|create)|could not create/i;
const CONTENT =
  /csv error|sniff|malformed json|magic bytes|parquet|tprotocol|thrift|snappy|zstd|gzip|decompress|corrupt|json file|in file|invalid unicode/i;
const QUOTED_PATH = /(?:file|pattern|path|directory) (["'])([^\n]+?)\1|(["'])([^\n'"]*[/\\][^\n'"]*)\3/i;

/** What a check that we put into SQL ourselves gives to DuckDB's `error()`, for `duckDbError` to know it again. */
export const castError = (field: string, why: string): string => `ASOF_TYPE "${field}": ${why}`;

/** A DuckDB error as ours: its code, DuckDB's words without their prefix, and where it happened. */
export function duckDbError(cause: unknown, sql?: string): AsofError {
  if (cause instanceof AsofError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const own = OWN.exec(text);
  if (own !== null) return new AsofError("ASOF_TYPE", `"${own[1]}": ${own[2]}`, { field: own[1] }, cause);
  const code = codeOf(text, sql);
  return new AsofError(code, messageOf(text), detailsOf(text, code, sql), cause);
}

function codeOf(text: string, sql = ""): ErrorCode {
  const type = /^([A-Za-z -]+?) Error: /.exec(text)?.[1] ?? "";
  if (/^interrupt/i.test(type)) return "ASOF_INTERRUPTED";
  if (DISK.test(text)) return "ASOF_HOME";
  switch (type) {
    case "Out of Memory":
      return "ASOF_MEMORY";
    case "IO":
      if (text.startsWith("IO Error: Extension")) return "ASOF_SQL";
      return WRITE.test(text) || isTarget(pathIn(text, sql), sql) ? "ASOF_HOME" : "ASOF_FILE";
    case "HTTP":
    case "Invalid":
      return "ASOF_FILE";
    case "Conversion":
    case "Mismatch Type":
      if (CONTENT.test(text)) return "ASOF_FILE";
      return /out of range for the destination/.test(text) ? "ASOF_OVERFLOW" : "ASOF_TYPE";
    case "Invalid Input":
    case "Serialization":
      return CONTENT.test(text) ? "ASOF_FILE" : "ASOF_SQL";
    case "Constraint":
      return "ASOF_TYPE";
    case "Out of Range":
      return "ASOF_OVERFLOW";
    case "INTERNAL":
    case "FATAL":
      return CONTENT.test(text) ? "ASOF_FILE" : "ASOF_INTERNAL";
    default:
      return "ASOF_SQL";
  }
}

/** Whether a statement writes to this path. */
function isTarget(path: string | undefined, sql: string): boolean {
  const at = path === undefined ? -1 : sql.indexOf(sqlString(path));
  return at > 0 && /\bto\s+$/i.test(sql.slice(0, at));
}

/**
 * The file that an error is about: one that the statement names, if the error says it; else what the error quotes;
 * else, as errors in a single CSV name none, the only one of the statement.
 */
function pathIn(text: string, sql: string): string | undefined {
  const literals = Array.from(sql.matchAll(/'((?:[^']|'')*)'/g), (match) => match[1].replaceAll("''", "'"));
  const named = literals.filter((literal) => /[/\\.]/.test(literal));
  const [said] = text.split(/\n+LINE \d/);
  const quoted = QUOTED_PATH.exec(said);
  const only = named.length === 1 ? named[0] : undefined;
  const path = quoted?.[2] ?? quoted?.[4];
  return named.find((literal) => said.includes(literal)) ?? (path === "N/A" ? undefined : path) ?? only;
}

function messageOf(text: string): string {
  const [body] = text.replace(/^[A-Za-z -]+? Error: /, "").split(/\n\s*\n|\n+LINE \d/);
  return body.trim();
}

function detailsOf(text: string, code: ErrorCode, sql: string | undefined): ErrorDetails {
  const ofFile = code === "ASOF_FILE" || code === "ASOF_HOME";
  const path = ofFile ? pathIn(text, sql ?? "") : undefined;
  const line = /CSV Error on Line: (\d+)|(?:at|in) line (\d+)|record\/value (\d+)/i.exec(text)?.slice(1).find(Boolean);
  return {
    ...(path === undefined ? {} : { path }),
    ...(line === undefined ? {} : { line: Number(line) }),
    ...(sql === undefined || ofFile ? {} : { sql: sql.length > 2000 ? `${sql.slice(0, 2000)} …` : sql }),
    engine: text,
  };
}
