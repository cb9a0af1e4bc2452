import { readFile } from "node:fs/promises";
import path from "node:path";
import { decodeJobNotes } from "../core/codec/job-notes.ts";
import { SCHEDULE } from "../core/plan/folders.ts";
import { codeOf } from "./backup.ts";
import type { Findings } from "./findings.ts";

/** Whether what is kept of scheduled jobs can be read, where there is any: `asof serve` would not start. */
export async function examineSchedule(home: string, findings: Findings): Promise<void> {
  const file = path.join(home, SCHEDULE);
  try {
    decodeJobNotes(await readFile(file));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    findings.caught(error, "schedule", file, `Remove ${SCHEDULE}: the jobs of \`asof serve\` begin anew.`);
  }
}
