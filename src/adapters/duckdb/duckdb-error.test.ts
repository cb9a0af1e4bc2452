import { expect, test } from "vitest";
import { AsofError } from "../../core/errors.ts";
import { castError, duckDbError } from "./duckdb-error.ts";

const cases: readonly (readonly [text: string, sql: string, code: string, message: string, details: object])[] = [
  [
    'Parser Error: syntax error at or near "FORM"\n\nLINE 1: SELECT 1 FORM x\n                 ^',
    "SELECT 1 FORM x",
    "ASOF_SQL",
    'syntax error at or near "FORM"',
    { sql: "SELECT 1 FORM x" },
  ],
  [
    'Catalog Error: Table with name x does not exist!\nDid you mean "y"?\n\nLINE 1: FROM x',
    "FROM x",
    "ASOF_SQL",
    'Table with name x does not exist!\nDid you mean "y"?',
    {},
  ],
  [
    'IO Error: No files found that match the pattern "/data/a.parquet"',
    "FROM '/data/a.parquet'",
    "ASOF_FILE",
    'No files found that match the pattern "/data/a.parquet"',
    { path: "/data/a.parquet" },
  ],
  [
    "Conversion Error: CSV Error on Line: 7\nOriginal Line: x\nfile = N/A\n\nPossible fixes: 'N/A'",
    "FROM read_csv('it''s.csv')",
    "ASOF_FILE",
    "CSV Error on Line: 7\nOriginal Line: x\nfile = N/A",
    { path: "it's.csv", line: 7 },
  ],
  [
    'IO Error: Cannot open file "/out/a.parquet": Permission denied',
    "COPY x TO '/out/a.parquet'",
    "ASOF_HOME",
    'Cannot open file "/out/a.parquet": Permission denied',
    { path: "/out/a.parquet" },
  ],
  [
    'IO Error: Cannot open file "/in/a.csv": Permission denied',
    "COPY (FROM '/in/a.csv') TO '/out/a.parquet'",
    "ASOF_FILE",
    'Cannot open file "/in/a.csv": Permission denied',
    { path: "/in/a.csv" },
  ],
  [
    'IO Error: Could not write file "/out/a.parquet": No space left on device',
    "COPY x TO '/out/a.parquet'",
    "ASOF_HOME",
    'Could not write file "/out/a.parquet": No space left on device',
    { path: "/out/a.parquet" },
  ],
  [
    "Out of Memory Error: failed to offload data block of size 256.0 KiB (9.9 MiB/10.0 MiB used).\nThis limit was set by the 'max_temp_directory_size' setting.",
    "FROM x",
    "ASOF_HOME",
    "failed to offload data block of size 256.0 KiB (9.9 MiB/10.0 MiB used).\nThis limit was set by the 'max_temp_directory_size' setting.",
    {},
  ],
  ["Out of Memory Error: failed to pin block", "FROM x", "ASOF_MEMORY", "failed to pin block", {}],
  ["INTERRUPT Error: Interrupted!", "FROM x", "ASOF_INTERRUPTED", "Interrupted!", {}],
  [
    "Conversion Error: Could not convert string 'x' to INT32",
    "FROM x",
    "ASOF_TYPE",
    "Could not convert string 'x' to INT32",
    {},
  ],
  ["Out of Range Error: Overflow in addition of INT64", "FROM x", "ASOF_OVERFLOW", "Overflow in addition of INT64", {}],
  [`Invalid Input Error: ${castError("a", "no good")}`, "FROM x", "ASOF_TYPE", '"a": no good', { field: "a" }],
  ["Invalid Input Error: the user's own error()", "FROM x", "ASOF_SQL", "the user's own error()", {}],
  ["INTERNAL Error: Attempted to dereference", "FROM x", "ASOF_INTERNAL", "Attempted to dereference", {}],
];

test.each(cases)("%s", (text, sql, code, message, details) => {
  const cause = new Error(text);
  const error = duckDbError(cause, sql);
  expect(error).toMatchObject({ code, message, details, cause });
});

test("an error of ours passes", () => {
  const error = new AsofError("ASOF_CLOSED", "closed");
  expect(duckDbError(error)).toBe(error);
});
