import type { Row } from "../../core/schema/data-type.ts";
import { same } from "./compare.ts";
import type { Bench } from "./course-state.ts";
import { execute } from "./execute.ts";
import type { Ask, Course, Difference, Step } from "./steps.ts";
import type { Subject } from "./subject.ts";

/** How long is tried to make a failing course smaller. */
export interface ShrinkLimits {
  readonly attempts: number;
  readonly seconds: number;
}

export interface Shrunk {
  readonly course: Course;
  readonly difference: Difference;
  readonly attempts: number;
}

/** Makes a failing course smaller while it still fails in the same way: one question, then fewer steps, then fewer records. */
export async function shrink(
  bench: Bench,
  course: Course,
  difference: Difference,
  limits: ShrinkLimits,
  onProgress: (done: number) => void = () => {},
): Promise<Shrunk> {
  const deadline = performance.now() + limits.seconds * 1000;
  let best: Course = course;
  let found = difference;
  let attempts = 0;
  const isOver = (): boolean => attempts >= limits.attempts || performance.now() > deadline;
  const keeps = async (candidate: Course): Promise<boolean> => {
    if (isOver()) return false;
    onProgress(++attempts);
    const { differences } = await execute({ ...bench, until: Infinity }, candidate);
    const same = differences.find((one) => isAlike(one, found));
    if (same === undefined) return false;
    best = candidate;
    found = same;
    return true;
  };

  await keeps({ ...best, steps: onlyQuestion(best.steps, found) });
  if (found.how !== "error" && found.how !== "compute") {
    const concerned = concernedBy(bench.subject, found);
    await keeps({ ...best, steps: keepRecords(best.steps, concerned) });
  }
  for (const kind of ["kill", "restart", "ask ahead", "compute", "materialize", "advance"] as const) {
    const others = best.steps.filter(
      (step) => step.do !== kind || (kind === "materialize" && isLast(best.steps, step)),
    );
    if (others.length < best.steps.length) await keeps({ ...best, steps: others });
  }
  await fewer(
    () => recordsIn(best.steps).length,
    (from, until) => {
      let at = 0;
      return keeps({ ...best, steps: keepRecords(best.steps, () => at++ < from || at > until) });
    },
    isOver,
  );
  await fewer(
    () => best.steps.length,
    (from, until) => keeps({ ...best, steps: best.steps.filter((_, i) => i < from || i >= until) }),
    isOver,
  );
  return { course: best, difference: found, attempts };
}

/** Whether two differences are of one kind: two values, or two errors of one code. */
function isAlike(a: Difference, b: Difference): boolean {
  if (a.how !== "error" || b.how !== "error") return a.how !== "error" && b.how !== "error";
  return a.name === b.name && codeOf(a) === codeOf(b);
}

function codeOf({ found }: Difference): string {
  return String(found).split(":")[0];
}

/** Takes ranges away, half of what there is at first, then smaller ones, for as long as that changes anything. */
async function fewer(
  count: () => number,
  without: (from: number, until: number) => Promise<boolean>,
  isOver: () => boolean,
): Promise<void> {
  for (let size = Math.ceil(count() / 2); size >= 1 && !isOver();) {
    let taken = false;
    for (let until = count(); until > 0 && !isOver(); until -= size) {
      const from = Math.max(0, until - size);
      if (from === 0 && until >= count()) continue;
      taken = (await without(from, until)) || taken;
    }
    if (size === 1) {
      if (!taken) return;
    } else size = Math.ceil(size / 2);
  }
}

/** The steps up to the question that failed, with no other question and no other request of it. */
function onlyQuestion(steps: readonly Step[], { how, service, request, t }: Difference): Step[] {
  if (how === "compute" || how === "error") return steps.filter((step) => step.do !== "ask" || how === "error");
  return steps.flatMap((step): Step[] => {
    if (step.do !== "ask") return [step];
    const { ask } = step;
    if (ask.service !== service || (ask.how !== how && ask.how !== "live")) return [];
    const at = ask.requests.findIndex(
      (one, i) => same(one, request) && (ask.how !== "dataset" || ask.moments[i] === t),
    );
    return at < 0 ? [] : [{ do: "ask", ask: oneRequest(ask, at) }];
  });
}

function oneRequest(ask: Ask, at: number): Ask {
  const requests = [ask.requests[at]];
  return ask.how === "dataset" ? { ...ask, requests, moments: [ask.moments[at]] } : { ...ask, requests };
}

function isLast(steps: readonly Step[], step: Step): boolean {
  return steps.findLast((one) => one.do === step.do) === step;
}

function recordsIn(steps: readonly Step[]): Row[] {
  return steps.flatMap((step) =>
    step.do === "ingest" || step.do === "correct" ? step.rows : step.do === "load" ? step.files.flat() : [],
  );
}

/** Steps with some of their records; files, batches and loads without any go too. */
function keepRecords(steps: readonly Step[], keeps: (row: Row, source: string) => boolean): Step[] {
  return steps.flatMap((step): Step[] => {
    if (step.do !== "ingest" && step.do !== "load" && step.do !== "correct") return [step];
    const kept = (rows: readonly Row[]): Row[] => rows.filter((row) => keeps(row, step.source));
    if (step.do !== "load") {
      const rows = kept(step.rows);
      return rows.length === 0 ? [] : [{ ...step, rows }];
    }
    const files = step.files.map(kept).filter((rows) => rows.length > 0);
    return files.length === 0 ? [] : [{ ...step, files }];
  });
}

/** Whether a record has a key that the request asks about: in an aggregate view of its source, or under a batch view's name for it. */
function concernedBy({ services }: Subject, { service, request }: Difference): (row: Row, source: string) => boolean {
  const { aggregates, batches } = services.find((plan) => plan.service.name === service)!;
  return (row, source) =>
    aggregates.some(
      ({ view, inputs }) =>
        view.source === source &&
        Object.entries(view.keys).every(([key, field]) => row[field] === request[inputs[key]]),
    ) ||
    batches.some(
      ({ view, inputs }) =>
        view.reads.includes(source) && Object.entries(inputs).every(([key, input]) => row[key] === request[input]),
    );
}
