import { Cron } from "croner";
import type { JobReport } from "../../core/result/schedule.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { JobNote } from "../../core/codec/job-notes.ts";
import type { JobSettings } from "../../configuration.ts";

/** The first turn of a job after a moment; null where there is none. */
export function turnAfter({ cron, timezone = "UTC" }: JobSettings, t: Timestamp): Timestamp | null {
  const next = new Cron(cron, { timezone, paused: true }).nextRun(new Date(t / 1000));
  return next === null ? null : next.getTime() * 1000;
}

/** A job as it stands. What is noted as running is so only where the process that writes says it. */
export function jobReport(name: string, job: JobSettings, note: JobNote | undefined, now: Timestamp): JobReport {
  return {
    name,
    run: job.run,
    of: job.views ?? job.models ?? [],
    cron: job.cron,
    timezone: job.timezone ?? "UTC",
    missed: job.missed ?? "once",
    runningSince: note?.runningSince ?? null,
    last: note?.last ?? null,
    next: turnAfter(job, now),
    counts: note?.counts ?? NONE,
  };
}

export const NONE: JobReport["counts"] = { succeeded: 0, failed: 0, interrupted: 0, skipped: 0 };
