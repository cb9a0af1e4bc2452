import { failureOf } from "../cli/errors.ts";
import type { JobReport, JobRun, JobState } from "../../core/result/schedule.ts";
import { SECOND, type Timestamp } from "../../core/time/timestamp.ts";
import type { JobNote } from "../../core/codec/job-notes.ts";
import { readJobNotes, writeJobNotes } from "./job-book.ts";
import { jobReport, NONE, turnAfter } from "./job-report.ts";
import type { JobSettings, ScheduleSettings } from "../../configuration.ts";

/** Milliseconds after which a timer is set anew: clocks are moved, and timers cannot wait for weeks. */
const LONGEST_WAIT = 60_000;

export interface SchedulerOptions {
  readonly home: string;
  readonly schedule: ScheduleSettings;
  /** Does the work of a job; rejects where it failed. */
  readonly work: (job: JobSettings, signal: AbortSignal) => Promise<void>;
  /** Hears how each run ended. */
  readonly ended: (job: JobReport, run: JobRun) => void;
  /** The time, in microseconds. */
  readonly now: () => Timestamp;
}

interface Job {
  readonly name: string;
  readonly settings: JobSettings;
  note: JobNote;
  running: Promise<void> | null;
  timer: NodeJS.Timeout | null;
}

/**
 * Runs jobs at their turns in the process that writes a store, of which there is one: each job one run at a time. A turn that comes
 * while its job still runs is skipped. What jobs were doing when a process ended is told as interrupted at the next start.
 */
export class Scheduler {
  private readonly options: SchedulerOptions;
  private readonly jobs: readonly Job[];
  private readonly stopped = new AbortController();
  private writing: Promise<void> = Promise.resolve();

  private constructor(options: SchedulerOptions, jobs: readonly Job[]) {
    this.options = options;
    this.jobs = jobs;
  }

  /** Takes up the schedule where the last process left it. */
  static async start(options: SchedulerOptions): Promise<Scheduler> {
    const notes = await readJobNotes(options.home);
    const now = options.now();
    const jobs = Object.entries(options.schedule).map(([name, settings]): Job => {
      const note = notes[name] ?? { turn: now, runningSince: null, last: null, counts: NONE };
      return { name, settings, note: interrupted(note, now), running: null, timer: null };
    });
    const scheduler = new Scheduler(options, jobs);
    for (const job of jobs) scheduler.takeUp(job, now);
    await scheduler.save();
    return scheduler;
  }

  report(): readonly JobReport[] {
    const now = this.options.now();
    return this.jobs.map(({ name, settings, note }) => jobReport(name, settings, note, now));
  }

  /** Begins nothing more, and ends what runs: it is on record as interrupted. */
  async close(): Promise<void> {
    this.stopped.abort();
    for (const { timer } of this.jobs) if (timer !== null) clearTimeout(timer);
    for (const { running } of this.jobs) await running;
    await this.writing;
  }

  /** Makes up for turns that were missed, or counts them as skipped. */
  private takeUp(job: Job, now: Timestamp): void {
    const { note, settings } = job;
    let missed = 0;
    for (let turn = turnAfter(settings, note.turn); turn !== null && turn <= now; turn = turnAfter(settings, turn)) {
      missed++;
      // There is no need to count the turns of years.
      if (missed === 10_000) break;
    }
    job.note = { ...note, turn: now };
    if (missed > 0 && (settings.missed ?? "once") === "once") {
      this.skip(job, missed - 1);
      this.run(job);
    } else this.skip(job, missed);
    this.wait(job);
  }

  private wait(job: Job): void {
    if (this.stopped.signal.aborted) return;
    const now = this.options.now();
    const due = turnAfter(job.settings, job.note.turn);
    if (due === null) return;
    if (due <= now) {
      job.note = { ...job.note, turn: due };
      if (job.running === null) this.run(job);
      else {
        this.skip(job, 1);
        void this.save();
      }
      return this.wait(job);
    }
    const milliseconds = Math.min(LONGEST_WAIT, Math.ceil((due - now) / 1000));
    job.timer = setTimeout(() => this.wait(job), milliseconds).unref();
  }

  private run(job: Job): void {
    const startedAt = this.options.now();
    job.note = { ...job.note, runningSince: startedAt };
    job.running = this.perform(job, startedAt).finally(() => (job.running = null));
  }

  private async perform(job: Job, startedAt: Timestamp): Promise<void> {
    const { signal } = this.stopped;
    let failure: JobRun["failure"] = null;
    try {
      await this.save();
      signal.throwIfAborted();
      await this.options.work(job.settings, signal);
    } catch (error) {
      const { code, message } = failureOf(error);
      failure = { code, message };
    }
    const state: JobState = failure === null ? "succeeded" : signal.aborted ? "interrupted" : "failed";
    const endedAt = this.options.now();
    const run: JobRun = { startedAt, endedAt, seconds: (endedAt - startedAt) / SECOND, state, failure };
    const { note } = job;
    job.note = {
      ...note,
      runningSince: null,
      last: run,
      counts: { ...note.counts, [state]: note.counts[state] + 1 },
    };
    // What cannot be noted, because the disk is full perhaps, is told all the same.
    await this.save().catch(() => {});
    this.options.ended(jobReport(job.name, job.settings, job.note, endedAt), run);
  }

  private skip(job: Job, turns: number): void {
    const { counts } = job.note;
    job.note = { ...job.note, counts: { ...counts, skipped: counts.skipped + turns } };
  }

  /** One after another: the last write has what stands. */
  private save(): Promise<void> {
    const written = this.writing.then(() =>
      writeJobNotes(this.options.home, Object.fromEntries(this.jobs.map(({ name, note }) => [name, note]))),
    );
    this.writing = written.catch(() => {});
    return written;
  }
}

/** A run that its process did not live to note. */
function interrupted(note: JobNote, now: Timestamp): JobNote {
  const { runningSince, counts } = note;
  if (runningSince === null) return note;
  return {
    ...note,
    runningSince: null,
    last: {
      startedAt: runningSince,
      endedAt: now,
      seconds: (now - runningSince) / SECOND,
      state: "interrupted",
      failure: { code: "ASOF_INTERRUPTED", message: "the process ended before the job did" },
    },
    counts: { ...counts, interrupted: counts.interrupted + 1 },
  };
}
