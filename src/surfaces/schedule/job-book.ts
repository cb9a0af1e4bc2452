import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { AsofError } from "../../core/errors.ts";
import type { JobReport, JobRun } from "../../core/result/schedule.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";

const FILE = "schedule.json";
const FORMAT = 1;

/** What is kept of a job between processes. */
export interface JobNote {
  /** The last turn that was taken, skipped or made up for. */
  readonly turn: Timestamp;
  readonly runningSince: Timestamp | null;
  readonly last: JobRun | null;
  readonly counts: JobReport["counts"];
}

export type JobNotes = Readonly<Record<string, JobNote>>;

/**
 * What was noted of jobs in a store's folder. Only the process that writes the store notes; anyone may read.
 * @throws ASOF_CORRUPT; ASOF_FORMAT where a newer version wrote it
 */
export async function readJobNotes(home: string): Promise<JobNotes> {
  const file = path.join(home, FILE);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  let parsed: { readonly format?: unknown; readonly jobs?: JobNotes };
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch (cause) {
    throw new AsofError("ASOF_CORRUPT", `${file} is damaged: remove it, and jobs begin anew`, { file }, cause);
  }
  if (typeof parsed.format === "number" && parsed.format > FORMAT)
    throw new AsofError("ASOF_FORMAT", `${file} has format ${parsed.format}`, { file, format: parsed.format });
  return parsed.jobs ?? {};
}

/** Whole or not at all. */
export async function writeJobNotes(home: string, jobs: JobNotes): Promise<void> {
  const file = path.join(home, FILE);
  const aside = `${file}.${process.pid}`;
  await writeFile(aside, JSON.stringify({ format: FORMAT, jobs }), { flush: true });
  await rename(aside, file);
}
