import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Case, writeCase } from "../../src/surfaces/verify/steps.ts";
import { caseOf } from "../../src/surfaces/verify/verify.ts";
import type { GoldenFormat } from "./golden-format.ts";

const at = 1_772_323_200_000_000;
const row = { at, text: "été", big: 2n ** 62n, number: Number.NaN, none: null };
const content: Case = {
  version: 1,
  seed: 5,
  run: 7,
  difference: { how: "as of", service: "checkout", request: row, t: at, name: "n", expected: 1n, found: -Infinity },
  course: {
    start: at,
    archiveFrom: 3,
    apart: true,
    steps: [
      { do: "advance", to: at + 1 },
      { do: "ingest", source: "payments", rows: [row], key: "a key" },
      { do: "retract", source: "payments", ids: [{ text: "été" }] },
      { do: "correct", source: "payments", rows: [row] },
      { do: "load", source: "payments", files: [[row], []], format: "parquet" },
      { do: "compute", view: "totals" },
      { do: "materialize" },
      { do: "restart" },
      { do: "kill" },
      { do: "ask ahead", service: "checkout", request: row },
      { do: "ask", ask: { how: "live", service: "checkout", requests: [row], settle: true } },
      { do: "ask", ask: { how: "as of", service: "checkout", requests: [row], at, knowledge: "now" } },
      { do: "ask", ask: { how: "dataset", service: "checkout", requests: [row], moments: [at] } },
    ],
  },
};

const fileIn = (folder: string): string => path.join(folder, "case.json");

/** A course that `asof verify` saved because it failed. */
export const verifyFormat: GoldenFormat = {
  name: "verify-case",
  version: 1,
  write: async (folder) => {
    await writeFile(fileIn(folder), writeCase(content));
    return content;
  },
  read: (folder) => caseOf(fileIn(folder)),
  again: (content, folder) => writeFile(fileIn(folder), writeCase(content as Case)),
  newer: async (folder) => {
    const text = await readFile(fileIn(folder), "utf8");
    await writeFile(fileIn(folder), text.replace('"version": 1', '"version": 2'));
  },
};
