import type { Timestamp } from "../time/timestamp.ts";

/** What a job runs. */
export type JobKind = "compute" | "materialize" | "train" | "verify";

/** How a run of a job ended. "interrupted": the process ended before it did. */
export type JobState = "succeeded" | "failed" | "interrupted";

export interface JobRun {
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
  readonly seconds: number;
  readonly state: JobState;
  /** What it failed with; null where it did not. */
  readonly failure: { readonly code: string; readonly message: string } | null;
}

/** A scheduled job: when it ran last, and when it runs next. */
export interface JobReport {
  readonly name: string;
  readonly run: JobKind;
  /** The views or models that it is about; empty for all. */
  readonly of: readonly string[];
  readonly cron: string;
  readonly timezone: string;
  /** What becomes of runs that were due while nothing served: "once" makes up for all of them, "skip" for none. */
  readonly missed: "once" | "skip";
  /** Since when it runs; null where it does not. */
  readonly runningSince: Timestamp | null;
  readonly last: JobRun | null;
  /** Null where the expression has no further moment. */
  readonly next: Timestamp | null;
  /** Runs by how they ended, and turns that were left out because the job still ran or nothing served. */
  readonly counts: Readonly<Record<JobState | "skipped", number>>;
}
