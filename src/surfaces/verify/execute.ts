import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { open, threadTime } from "../../open.ts";
import { AsofError } from "../../core/errors.ts";
import { DAY, HOUR, SECOND, type Timestamp } from "../../core/time/timestamp.ts";
import { Asking } from "./asking.ts";
import { Comparison } from "./compare.ts";
import { type Bench, CourseState } from "./course-state.ts";
import type { CourseStore } from "./course-store.ts";
import { openRemoteStore, type RemoteStore } from "./remote-store.ts";
import type { Course, Step } from "./steps.ts";
import { Telling } from "./telling.ts";

/**
 * Carries a course out on a store of its own, through its public interface, and compares every answer with the
 * oracle's. Stops at the first step with a difference. What the store throws is a difference too.
 */
export async function execute(
  bench: Bench,
  course: Course,
  comparison = new Comparison(),
  onStep: () => void = () => {},
): Promise<Comparison> {
  const home = await mkdtemp(path.join(bench.folder, "course-"));
  const execution = new Execution(course, new CourseState(bench, home, comparison, course.start), onStep);
  try {
    await execution.run();
  } finally {
    await execution.close();
    await rm(home, { recursive: true, force: true });
  }
  return comparison;
}

class Execution {
  private readonly course: Course;
  private readonly state: CourseState;
  private readonly telling: Telling;
  private readonly asking: Asking;
  private readonly onStep: () => void;
  private store: CourseStore | null = null;
  private remote: RemoteStore | null = null;

  constructor(course: Course, state: CourseState, onStep: () => void) {
    this.course = course;
    this.state = state;
    this.telling = new Telling(state);
    this.asking = new Asking(state);
    this.onStep = onStep;
  }

  async run(): Promise<void> {
    const { signal, until = Infinity } = this.state.bench;
    let at = "open";
    try {
      this.store = await this.open();
      await this.store.apply();
      for (const step of this.course.steps) {
        signal.throwIfAborted();
        if (performance.now() > until) return;
        at = step.do === "ask" ? step.ask.how : step.do;
        await this.step(this.store, step);
        this.onStep();
        if (this.state.comparison.differences.length > 0) return;
      }
    } catch (error) {
      if (signal.aborted) throw error;
      const said =
        error instanceof AsofError
          ? `${error.code}: ${error.message}`
          : String(error instanceof Error ? (error.stack ?? error) : error);
      this.state.comparison.value({ how: "error", service: at, request: {}, t: this.state.now }, at, "no error", said);
    }
  }

  async close(): Promise<void> {
    const { store, remote } = this;
    this.store = null;
    if (remote === null) await store?.close().catch(() => {});
    else await remote.kill();
  }

  private get storeHome(): string {
    return path.join(this.state.home, "store");
  }

  private async open(): Promise<CourseStore> {
    const { subject, configuration } = this.state.bench;
    const { compactFrom = COMPACT_FROM } = this.course;
    const home = this.storeHome;
    if (this.course.apart === true) {
      const { archiveFrom } = this.course;
      const settings = {
        kind: "store",
        configuration,
        home,
        archiveFrom,
        compactFrom,
        ...(this.course.threaded === true ? { threadsFrom: 0 } : {}),
        now: this.state.now,
        reserve: APART,
      } as const;
      this.remote = await openRemoteStore(settings, () => this.state.now);
      return this.remote.store;
    }
    const clock = {
      now: () => this.state.now,
      ...threadTime,
      reserve: DAY,
      advance: (to: Timestamp) => void (this.state.now = Math.max(this.state.now, to)),
    };
    return open(
      { definitions: subject.definitions, home, memory: "256MB", threads: 1, audit: false },
      { clock, whenLocked: "refuse", archiveFrom: this.course.archiveFrom, compactFrom },
    );
  }

  private async step(store: CourseStore, step: Step): Promise<void> {
    switch (step.do) {
      case "advance":
        this.state.now = Math.max(this.state.now, step.to);
        return;
      case "ingest":
        return this.telling.ingest(store, step);
      case "retract":
        return this.telling.retract(store, step.source, step.ids);
      case "correct":
        return this.telling.correct(store, step.source, step.rows);
      case "load":
        return this.telling.load(store, step);
      case "compute":
        return this.telling.compute(store, step.view);
      case "materialize":
        return this.materialize(store);
      case "restart":
        await store.close();
        if (this.course.loses === true) await rm(path.join(this.storeHome, "online"), { recursive: true, force: true });
        this.store = await this.open();
        if (this.course.loses === true) await this.materialize(this.store);
        return;
      case "kill":
        return this.kill(store);
      case "ask ahead":
        return this.asking.askAhead(store, step.service, step.request);
      case "ask":
        return step.ask.how === "dataset" ? this.asking.askDataset(store, step.ask) : this.asking.ask(store, step.ask);
    }
  }

  private async materialize(store: CourseStore): Promise<void> {
    this.state.ahead();
    await store.materialize();
    this.state.materialized = this.state.end;
  }

  /** What is not yet written is lost, and with it what the clock kept in reserve: time must have passed by it. */
  private async kill(store: CourseStore): Promise<void> {
    if (this.remote === null) await store.close();
    else await this.remote.kill();
    this.state.now = Math.max(this.state.now, this.state.lastStamp) + APART + SECOND;
    this.store = await this.open();
  }
}

/** From how many files on they are merged where a course does not say. */
const COMPACT_FROM = 8;
/** What the clock of a store that may be killed keeps in reserve. */
const APART = HOUR;
