import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { decodeJobNotes, encodeJobNotes, type JobNotes } from "../../core/codec/job-notes.ts";
import { AsofError } from "../../core/errors.ts";
import { SCHEDULE } from "../../core/plan/folders.ts";

/**
 * What was noted of jobs in a store's folder. Only the process that writes the store notes; anyone may read.
 * @throws ASOF_CORRUPT; ASOF_FORMAT where a newer version wrote it
 */
export async function readJobNotes(home: string): Promise<JobNotes> {
  const file = path.join(home, SCHEDULE);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  try {
    return decodeJobNotes(bytes);
  } catch (error) {
    if (!(error instanceof AsofError)) throw error;
    const remedy = error.code === "ASOF_CORRUPT" ? ": remove it, and jobs begin anew" : "";
    throw new AsofError(error.code, `${file}: ${error.message}${remedy}`, { ...error.details, file }, error);
  }
}

/** Whole or not at all. */
export async function writeJobNotes(home: string, jobs: JobNotes): Promise<void> {
  const file = path.join(home, SCHEDULE);
  const aside = `${file}.${process.pid}`;
  await writeFile(aside, encodeJobNotes(jobs), { flush: true });
  await rename(aside, file);
}
