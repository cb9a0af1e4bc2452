import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { AsofError } from "../../core/errors.ts";
import type { Progress } from "../../core/result/progress.ts";
import { openEngine } from "../../open.ts";
import type { Bench } from "./course-state.ts";
import { execute } from "./execute.ts";
import { courseOf, type FailedCourse, type LaneReport, runLane } from "./lane.ts";
import { runLanes } from "./lane-pool.ts";
import { shrink, type ShrinkLimits } from "./shrink.ts";
import { type Case, type Course, type Difference, readCase, recordsOf, writeCase } from "./steps.ts";
import { type Definitions, keepingAll, subjectOf } from "./subject.ts";

export interface VerifyOptions {
  readonly definitions: Definitions;
  /** The file of the configuration that names them: other processes load it. */
  readonly configuration: string;
  readonly seed: number;
  /** How many courses at the most. */
  readonly runs: number;
  /** For how long at the most. */
  readonly minutes: number;
  /** How many processes carry courses out. */
  readonly jobs: number;
  /** The folder that a failing case is saved in. */
  readonly folder: string;
  readonly shrink: ShrinkLimits;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** A failure: what differs, and the smallest course found that still shows it. */
export interface Failure {
  readonly run: number;
  readonly difference: Difference;
  readonly course: Course;
  readonly records: number;
  /** Where the case is saved. */
  readonly file: string;
}

export interface VerifyOutcome {
  readonly seed: number;
  readonly runs: number;
  /** Records that stores were given. */
  readonly records: number;
  /** Values, statuses and event times compared where at least one side was not empty. */
  readonly compared: number;
  readonly different: number;
  readonly seconds: number;
  readonly failure: Failure | null;
}

/** Carries out courses from a seed until time or number is up, or one fails: which is then made small, and saved. */
export async function verify(options: VerifyOptions): Promise<VerifyOutcome> {
  const { seed, runs, minutes, jobs, onProgress } = options;
  const began = performance.now();
  const until = began + minutes * 60_000;
  const tell = ({ compared }: LaneReport): void =>
    onProgress?.({ phase: "verify", done: compared, total: null, unit: "rows" });
  return withBench(options, until, async (bench) => {
    const report =
      jobs > 1 && runs > 1
        ? await runLanes({ ...options, jobs: Math.min(jobs, runs) }, tell)
        : await runLane(bench, { seed, runs, first: 0, step: 1 }, () => true, tell);
    const failure = report.failed === null ? null : await reduced(bench, options, report.failed);
    return outcomeOf(seed, report, began, failure);
  });
}

/** Carries out the course of a saved case once more. */
export async function verifyCase(options: VerifyOptions, file: string): Promise<VerifyOutcome> {
  const began = performance.now();
  const { seed, run, course } = await caseOf(file);
  return withBench(options, Infinity, async (bench) => {
    const { compared, differences } = await execute(bench, course);
    const [difference] = differences;
    const records = recordsOf(course);
    const failure = difference === undefined ? null : { run, difference, course, records, file };
    return outcomeOf(seed, { runs: 1, records, compared, different: differences.length }, began, failure);
  });
}

export async function withBench<T>(
  { definitions, configuration, signal }: Pick<VerifyOptions, "definitions" | "configuration" | "signal">,
  until: number,
  work: (bench: Bench) => Promise<T>,
): Promise<T> {
  const subject = subjectOf(keepingAll(definitions));
  const folder = await mkdtemp(path.join(tmpdir(), "asof-verify-"));
  try {
    const engine = await openEngine(path.join(folder, "temporary"));
    try {
      return await work({ subject, configuration, engine, folder, signal, until });
    } finally {
      await engine.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function reduced(
  bench: Bench,
  { onProgress, shrink: limits, folder, seed }: VerifyOptions,
  { run, difference }: FailedCourse,
): Promise<Failure> {
  const file = path.join(folder, `verify-${seed}-${run}.json`);
  const save = (one: Course, found: Difference): Promise<void> =>
    writeFile(file, writeCase({ version: 1, seed, run, difference: found, course: one }));
  const course = courseOf(bench, seed, run);
  await save(course, difference);
  const total = limits.attempts;
  const shrunk = await shrink(bench, course, difference, limits, (done) =>
    onProgress?.({ phase: "shrink", done, total, unit: "steps" }),
  );
  await save(shrunk.course, shrunk.difference);
  return { run, difference: shrunk.difference, course: shrunk.course, records: recordsOf(shrunk.course), file };
}

/** Reads a saved case. @throws ASOF_FILE, ASOF_FORMAT */
export async function caseOf(file: string): Promise<Case> {
  try {
    const found = readCase(await readFile(file, "utf8"));
    if (found.version === 1) return found;
  } catch (cause) {
    throw new AsofError("ASOF_FILE", `${file}: no case that asof verify saved`, { file }, cause);
  }
  throw new AsofError("ASOF_FORMAT", `${file}: a case of another version`, { file });
}

function outcomeOf(
  seed: number,
  { runs, records, compared, different }: Omit<LaneReport, "failed">,
  began: number,
  failure: Failure | null,
): VerifyOutcome {
  return { seed, runs, records, compared, different, seconds: (performance.now() - began) / 1000, failure };
}
