import type { JobReport, JobRun } from "../result/schedule.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { count, mapOf, objectOf, oneOf, orNull, type Shape, text, whole } from "./shape.ts";
import { decodeStoredJson } from "./stored-json.ts";

/** What is kept of a job between processes. */
export interface JobNote {
  /** The last turn that was taken, skipped or made up for. */
  readonly turn: Timestamp;
  readonly runningSince: Timestamp | null;
  readonly last: JobRun | null;
  readonly counts: JobReport["counts"];
}

export type JobNotes = Readonly<Record<string, JobNote>>;

const FORMAT = 1;

const seconds: Shape = (value, at) => (typeof value === "number" ? null : at);
const NOTES = objectOf({
  jobs: mapOf(
    objectOf({
      turn: whole,
      runningSince: orNull(whole),
      last: orNull(
        objectOf({
          startedAt: whole,
          endedAt: whole,
          seconds,
          state: oneOf("succeeded", "failed", "interrupted"),
          failure: orNull(objectOf({ code: text, message: text })),
        }),
      ),
      counts: objectOf({ succeeded: count, failed: count, interrupted: count, skipped: count }),
    }),
  ),
});

export function encodeJobNotes(jobs: JobNotes): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ format: FORMAT, jobs }));
}

/** @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeJobNotes(bytes: Uint8Array): JobNotes {
  return (decodeStoredJson(bytes, "what is kept of scheduled jobs", FORMAT, NOTES) as { readonly jobs: JobNotes }).jobs;
}
