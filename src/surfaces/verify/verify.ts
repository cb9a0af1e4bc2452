import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { AsofError } from "../../core/errors.ts";
import type { Progress } from "../../core/result/progress.ts";
import { openEngine } from "../../open.ts";
import { Comparison } from "./compare.ts";
import { type CourseSize, makeCourse } from "./course-generator.ts";
import { type Bench, execute } from "./execute.ts";
import { shrink, type ShrinkLimits } from "./shrink.ts";
import { type Case, type Course, type Difference, readCase, recordsOf, writeCase } from "./steps.ts";
import { subjectOf } from "./subject.ts";

export interface VerifyOptions {
  readonly definitions: readonly Readonly<Record<string, unknown>>[];
  readonly seed: number;
  /** How many courses at the most. */
  readonly runs: number;
  /** For how long at the most. */
  readonly minutes: number;
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

/** Small courses first: a fault that few records show is found soon. */
const sizes: readonly CourseSize[] = [
  { records: 60, phases: 8, requests: 40, examples: 300 },
  { records: 300, phases: 12, requests: 100, examples: 3000 },
  { records: 1200, phases: 16, requests: 250, examples: 12_000 },
];

/** The first runs are small, later ones large with a small one now and then. */
function sizeOf(run: number): CourseSize {
  if (run < 4 || run % 8 === 4) return sizes[0];
  return run < 8 || run % 8 === 0 ? sizes[1] : sizes[2];
}

/** Carries out courses from a seed until time or number is up, or one fails: which is then made small, and saved. */
export async function verify(options: VerifyOptions): Promise<VerifyOutcome> {
  const { seed, runs, minutes, signal, onProgress } = options;
  const began = performance.now();
  const until = began + minutes * 60_000;
  const done = { runs: 0, records: 0 };
  const comparison = new Comparison();
  return withBench(options, until, async (bench) => {
    for (let run = 0; run < runs && performance.now() < until; run++) {
      signal.throwIfAborted();
      const course = makeCourse(bench.subject, sizeOf(run), seed, run);
      await execute(bench, course, comparison);
      done.runs++;
      done.records += recordsOf(course);
      onProgress?.({ phase: "verify", done: comparison.compared, total: null, unit: "rows" });
      const [difference] = comparison.differences;
      if (difference === undefined) continue;
      const failure = await reduced(bench, options, { seed, run, course, difference });
      return outcomeOf(seed, done, comparison, began, failure);
    }
    return outcomeOf(seed, done, comparison, began, null);
  });
}

/** Carries out the course of a saved case once more. */
export async function verifyCase(options: VerifyOptions, file: string): Promise<VerifyOutcome> {
  const began = performance.now();
  const { seed, run, course } = await caseOf(file);
  return withBench(options, Infinity, async (bench) => {
    const comparison = await execute(bench, course);
    const [difference] = comparison.differences;
    const records = recordsOf(course);
    const failure = difference === undefined ? null : { run, difference, course, records, file };
    return outcomeOf(seed, { runs: 1, records }, comparison, began, failure);
  });
}

async function withBench<T>(options: VerifyOptions, until: number, work: (bench: Bench) => Promise<T>): Promise<T> {
  const subject = subjectOf(options.definitions);
  const folder = await mkdtemp(path.join(tmpdir(), "asof-verify-"));
  try {
    const engine = await openEngine(path.join(folder, "temporary"));
    try {
      return await work({ subject, engine, folder, signal: options.signal, until });
    } finally {
      await engine.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function reduced(
  bench: Bench,
  { onProgress, shrink: limits, folder }: VerifyOptions,
  { seed, run, course, difference }: Omit<Case, "version">,
): Promise<Failure> {
  const file = path.join(folder, `verify-${seed}-${run}.json`);
  const save = (one: Course, found: Difference): Promise<void> =>
    writeFile(file, writeCase({ version: 1, seed, run, difference: found, course: one }));
  await save(course, difference);
  const total = limits.attempts;
  const shrunk = await shrink(bench, course, difference, limits, (done) =>
    onProgress?.({ phase: "shrink", done, total, unit: "steps" }),
  );
  await save(shrunk.course, shrunk.difference);
  return { run, difference: shrunk.difference, course: shrunk.course, records: recordsOf(shrunk.course), file };
}

async function caseOf(file: string): Promise<Case> {
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
  { runs, records }: { readonly runs: number; readonly records: number },
  { compared, differences }: Comparison,
  began: number,
  failure: Failure | null,
): VerifyOutcome {
  const seconds = (performance.now() - began) / 1000;
  return { seed, runs, records, compared, different: differences.length, seconds, failure };
}
