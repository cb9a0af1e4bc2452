import { Comparison } from "./compare.ts";
import { type CourseSize, makeCourse } from "./course-generator.ts";
import type { Bench } from "./course-state.ts";
import { execute } from "./execute.ts";
import { type Course, type Difference, recordsOf } from "./steps.ts";

/** Which courses one lane carries out: every `step`th from the `first`, one after the other. */
export interface LaneOptions {
  readonly seed: number;
  /** How many courses all lanes have together, at the most. */
  readonly runs: number;
  readonly first: number;
  readonly step: number;
}

/** What a lane has done so far. */
export interface LaneReport {
  readonly runs: number;
  /** Records that stores were given. */
  readonly records: number;
  readonly compared: number;
  readonly different: number;
  readonly failed: FailedCourse | null;
}

export interface FailedCourse {
  readonly run: number;
  readonly difference: Difference;
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

/** The course of a run: the same for the same seed and definitions, whoever carries it out. */
export function courseOf({ subject }: Pick<Bench, "subject">, seed: number, run: number): Course {
  return makeCourse(subject, sizeOf(run), seed, run);
}

/**
 * Carries courses out until time or number is up, or one fails.
 * @param isWanted whether a run is still of interest
 */
export async function runLane(
  bench: Bench,
  { seed, runs, first, step }: LaneOptions,
  isWanted: (run: number) => boolean,
  onReport: (report: LaneReport) => void,
): Promise<LaneReport> {
  const { signal, until = Infinity } = bench;
  const comparison = new Comparison();
  const done = { runs: 0, records: 0 };
  const report = (failed: FailedCourse | null = null): LaneReport => ({
    ...done,
    compared: comparison.compared,
    different: comparison.differences.length,
    failed,
  });
  for (let run = first; run < runs && isWanted(run) && performance.now() < until; run += step) {
    signal.throwIfAborted();
    const course = courseOf(bench, seed, run);
    await execute(bench, course, comparison, () => onReport(report()));
    done.runs++;
    done.records += recordsOf(course);
    const [difference] = comparison.differences;
    if (difference !== undefined) return report({ run, difference });
    onReport(report());
  }
  return report();
}
