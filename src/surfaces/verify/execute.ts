import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { open } from "../../open.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import { serviceNamed, sourceNamed } from "../../core/definition/catalog.ts";
import { AsofError } from "../../core/errors.ts";
import { planService, type ServicePlan } from "../../core/plan/service-plan.ts";
import type { FeatureAnswer } from "../../core/result/answers.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { DAY, HOUR, SECOND, type Timestamp } from "../../core/time/timestamp.ts";
import { Comparison, placeOf } from "./compare.ts";
import { compareAnswers } from "./compare-answers.ts";
import { expectedComputation } from "./computation.ts";
import { compareDataset } from "./dataset.ts";
import type { LoadedRecord } from "../../core/oracle/key-history.ts";
import { Expected, loadedRecord, streamedRecord } from "./expected.ts";
import type { CourseStore } from "./course-store.ts";
import { openRemoteStore, type RemoteStore } from "./remote-store.ts";
import type { Ask, Course, Step } from "./steps.ts";
import type { Subject } from "./subject.ts";
import { type Engine, isJson, MOMENT, writeRows, writeSpine } from "./write-rows.ts";

/** What one course is carried out with. */
export interface Bench {
  readonly subject: Subject;
  /** The file of the configuration that names the definitions: other processes load it. */
  readonly configuration: string;
  readonly engine: Engine;
  /** Where stores and files of rows are made. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Milliseconds after which a course is left. */
  readonly until?: number;
}

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
  const execution = new Execution(bench, course, home, comparison, onStep);
  try {
    await execution.run();
  } finally {
    await execution.close();
    await rm(home, { recursive: true, force: true });
  }
  return comparison;
}

class Execution {
  private readonly bench: Bench;
  private readonly course: Course;
  private readonly home: string;
  private readonly comparison: Comparison;
  private readonly expected: Expected;
  private readonly onStep: () => void;
  private store: CourseStore | null = null;
  private remote: RemoteStore | null = null;
  private now: Timestamp;
  /** The position behind the last entry of the log. */
  private end = 0;
  /** That at the last materialization. */
  private materialized = 0;
  private lastStamp = -Infinity;
  private files = 0;
  /** When idempotency keys, with their sources, were first sent. */
  private readonly keys = new Map<string, Timestamp>();

  constructor(bench: Bench, course: Course, home: string, comparison: Comparison, onStep: () => void) {
    this.bench = bench;
    this.course = course;
    this.home = home;
    this.comparison = comparison;
    this.onStep = onStep;
    this.expected = new Expected(bench.subject);
    this.now = course.start;
  }

  async run(): Promise<void> {
    const { signal, until = Infinity } = this.bench;
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
        if (this.comparison.differences.length > 0) return;
      }
    } catch (error) {
      if (signal.aborted) throw error;
      const said =
        error instanceof AsofError
          ? `${error.code}: ${error.message}`
          : String(error instanceof Error ? (error.stack ?? error) : error);
      this.comparison.value({ how: "error", service: at, request: {}, t: this.now }, at, "no error", said);
    }
  }

  async close(): Promise<void> {
    const { store, remote } = this;
    this.store = null;
    if (remote === null) await store?.close().catch(() => {});
    else await remote.kill();
  }

  private get storeHome(): string {
    return path.join(this.home, "store");
  }

  private async open(): Promise<CourseStore> {
    const { subject, configuration } = this.bench;
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
        now: this.now,
        reserve: APART,
      } as const;
      this.remote = await openRemoteStore(settings, () => this.now);
      return this.remote.store;
    }
    const clock = {
      now: () => this.now,
      elapsed: () => performance.now() / 1000,
      reserve: DAY,
      advance: (to: Timestamp) => void (this.now = Math.max(this.now, to)),
    };
    return open(
      { definitions: subject.definitions, home, memory: "256MB", threads: 1, audit: false },
      { clock, whenLocked: "refuse", archiveFrom: this.course.archiveFrom, compactFrom },
    );
  }

  private async step(store: CourseStore, step: Step): Promise<void> {
    switch (step.do) {
      case "advance":
        this.now = Math.max(this.now, step.to);
        return;
      case "ingest":
        return this.ingest(store, step);
      case "retract":
        return this.retract(store, step.source, step.ids);
      case "correct":
        return this.correct(store, step.source, step.rows);
      case "load":
        return this.load(store, step);
      case "compute":
        return this.compute(store, step.view);
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
        return this.askAhead(store, step.service, step.request);
      case "ask":
        return step.ask.how === "dataset" ? this.askDataset(store, step.ask) : this.ask(store, step.ask);
    }
  }

  private async materialize(store: CourseStore): Promise<void> {
    this.ahead();
    await store.materialize();
    this.materialized = this.end;
  }

  /** What is not yet written is lost, and with it what the clock kept in reserve: time must have passed by it. */
  private async kill(store: CourseStore): Promise<void> {
    if (this.remote === null) await store.close();
    else await this.remote.kill();
    this.now = Math.max(this.now, this.lastStamp) + APART + SECOND;
    this.store = await this.open();
  }

  /** Moments yet to come are refused, by name. */
  private async askAhead(store: CourseStore, service: string, request: Row): Promise<void> {
    await store.settled();
    const at = Math.max(this.now, this.lastStamp) + HOUR;
    const said = await store.features(service, [request], { at }).then(
      () => "answers",
      (error: unknown) => (error instanceof AsofError ? error.code : String(error)),
    );
    this.comparison.value(
      placeOf("as of", service, request, at),
      "ahead of the watermark",
      "ASOF_FUTURE_READ",
      said,
      true,
    );
  }

  /** Brings the clock ahead of all stamps and of all moments that were handed out, so that the next one is the clock's time. */
  private ahead(): void {
    this.now = Math.max(this.now, this.lastStamp) + 1000;
  }

  private async ingest(
    store: CourseStore,
    { source: name, rows, key }: Extract<Step, { do: "ingest" }>,
  ): Promise<void> {
    const source = sourceNamed(this.bench.subject.catalog, name);
    const identity = this.expected.identityOf(source);
    const since = this.keys.get(`${name} ${key}`);
    const isKnown = since !== undefined;
    // For how long a key is remembered beyond its time is not said.
    if (isKnown && this.now >= since + (source.dedupe ?? WEEK)) return;
    const sent = store.ingest(name, rows, key === undefined ? {} : { idempotencyKey: key });
    if (!isKnown && identity?.conflict(rows) === true) return this.refused(sent, name);
    const { position, stamp, accepted, duplicates } = await sent;
    if (key !== undefined && !isKnown) this.keys.set(`${name} ${key}`, stamp);
    const taken: LoadedRecord[] = [];
    let awaited = 0;
    for (const row of isKnown ? [] : rows) {
      const record = streamedRecord(source, row, stamp + taken.length);
      if (identity?.insert(record) === false) continue;
      // A retraction that came first leaves nothing of it.
      if (record.withdrawn === undefined) taken.push(record);
      else awaited++;
    }
    this.told(name, "accepted", taken.length + awaited, accepted);
    this.told(name, "duplicates", rows.length - taken.length - awaited, duplicates);
    // A key of its own is kept where nothing else is.
    const alone = key !== undefined && !isKnown ? 1 : 0;
    this.appended(identity === null && !isKnown, position, stamp, taken.length || awaited || alone);
    this.expected.accept(source, taken);
  }

  private async retract(store: CourseStore, name: string, ids: readonly Row[]): Promise<void> {
    const identity = this.expected.identityOf(sourceNamed(this.bench.subject.catalog, name))!;
    const { position, stamp, retracted, waiting, duplicates } = await store.retract(name, ids);
    // In the log those that wait stand before those that withdraw, each at its own microsecond.
    const first = retracted === 0 ? stamp : stamp - waiting;
    const counts = { withdraws: 0, waits: 0, nothing: 0 };
    for (const id of ids) {
      const what = identity.retraction(id);
      const at = what === "withdraws" ? stamp + counts.withdraws : first + counts.waits;
      counts[what]++;
      identity.retract(id, at);
    }
    this.told(name, "retracted", counts.withdraws, retracted);
    this.told(name, "waiting", counts.waits, waiting);
    this.told(name, "duplicates", counts.nothing, duplicates);
    this.appended(false, position, stamp, retracted === 0 ? waiting : retracted);
  }

  /** Corrects records, of different ids. */
  private async correct(store: CourseStore, name: string, rows: readonly Row[]): Promise<void> {
    const source = sourceNamed(this.bench.subject.catalog, name);
    const identity = this.expected.identityOf(source)!;
    const { position, stamp, accepted, replaced, waiting, duplicates } = await store.correct(name, rows);
    // In the log retractions that wait stand first, then those that withdraw, then the records.
    const counts = { withdraws: 0, waits: 0, nothing: 0 };
    const taken: LoadedRecord[] = [];
    for (const row of rows) {
      if (identity.isCorrect(row)) continue;
      const what = identity.retraction(row);
      identity.retract(row, stamp - replaced + (what === "withdraws" ? counts.withdraws : counts.waits - waiting));
      counts[what]++;
      const record = streamedRecord(source, row, stamp + taken.length);
      identity.replace(record);
      taken.push(record);
    }
    this.told(name, "accepted", taken.length, accepted);
    this.told(name, "replaced", counts.withdraws, replaced);
    this.told(name, "waiting", counts.waits, waiting);
    this.told(name, "duplicates", rows.length - taken.length, duplicates);
    this.appended(false, position, stamp, accepted);
    this.expected.accept(source, taken);
  }

  private async load(
    store: CourseStore,
    { source: name, files, format }: Extract<Step, { do: "load" }>,
  ): Promise<void> {
    const source = sourceNamed(this.bench.subject.catalog, name);
    const identity = this.expected.identityOf(source);
    const asText = format === "ndjson" && files.every((rows) => isJson(source.fields, rows));
    const paths: string[] = [];
    for (const rows of files) paths.push(await this.writeRows(source, rows, asText));
    this.ahead();
    const first = this.expected.recordsOf(name).length === 0;
    const sent = store.load(name, paths);
    if (identity?.conflict(files.flat()) === true) return this.refused(sent, name);
    const { position, rows, duplicates } = await sent;
    const taken = files
      .flat()
      .map((row) => loadedRecord(source, row, position, first, this.now))
      .filter((record) => identity?.insert(record) ?? true);
    this.told(name, "rows", taken.length, rows);
    this.told(name, "duplicates", files.flat().length - taken.length, duplicates);
    if (taken.length === 0) return;
    this.positioned(position, 1);
    this.expected.acceptLoad(name, position);
    this.expected.accept(source, taken);
  }

  /** Other content under a known id is refused, and nothing of its request is taken. */
  private async refused(sent: Promise<unknown>, source: string): Promise<void> {
    const said = await sent.then(
      () => "accepted",
      (error: unknown) => (error instanceof AsofError ? error.code : String(error)),
    );
    this.told(source, "other content under a known id", "ASOF_ID_CONFLICT", said);
  }

  /** What a request was answered; it proves nothing of the values. */
  private told(source: string, what: string, expected: unknown, found: unknown): void {
    this.comparison.value({ how: "error", service: source, request: {}, t: this.now }, what, expected, found, true);
  }

  /** Something is in the log: so many, the first of them at a position, where nothing else comes with them. */
  private appended(alone: boolean, position: number, stamp: Timestamp, count: number): void {
    if (alone) this.positioned(position, count);
    else if (count > 0) this.end = position + count;
    if (count > 0) this.lastStamp = Math.max(this.lastStamp, stamp + count - 1);
  }

  private async compute(store: CourseStore, name: string): Promise<void> {
    const { subject, engine } = this.bench;
    const view = subject.batchViews.find((one) => one.name === name)!;
    this.ahead();
    const [outcome] = await store.compute([name]);
    // The clock's time, unless that was handed out as a moment just before.
    const { t } = outcome;
    const place = { how: "compute", service: name, request: {}, t } as const;
    const isDue = t >= this.now && t <= this.now + 2;
    this.comparison.value(place, "moment of the computation", this.now, isDue ? this.now : t, true);
    const wanted = await expectedComputation(engine, subject, view, this.expected, t);
    for (const { event, key } of wanted.leaks)
      this.comparison.value(
        { ...place, request: key, t: event },
        "row over records available before its time",
        "the same",
        "another",
      );
    this.comparison.value(place, "new rows", wanted.rows.length, outcome.rows, wanted.rows.length === 0);
    if (wanted.rows.length === 0) return;
    const position = this.end++;
    this.lastStamp = Math.max(this.lastStamp, t + 2);
    this.expected.acceptLoad(name, position);
    for (const { key, event, available, features } of wanted.rows)
      this.expected.acceptVersion(view, key, { event, available, entry: position, features });
  }

  private positioned(position: number, count: number): void {
    this.comparison.value(
      { how: "error", service: "log", request: {}, t: this.now },
      "position",
      this.end,
      position,
      true,
    );
    this.end = position + count;
  }

  private async ask(store: CourseStore, ask: Extract<Ask, { how: "live" | "as of" }>): Promise<void> {
    const plan = this.plan(ask.service);
    if (ask.how === "as of") return this.askAsOf(store, plan, ask, null);
    if (ask.settle) await store.settled();
    const answers = await store.features(ask.service, ask.requests);
    const { t, loads } = answers[0];
    const place = placeOf("live", ask.service, ask.requests[0], t);
    if (ask.settle && t <= this.lastStamp)
      this.comparison.value(place, "t, after what was accepted", this.lastStamp, t);
    for (const use of [...plan.aggregates, ...plan.batches])
      if (this.expected.lacksLoad(use, loads[use.alias], this.materialized))
        this.comparison.value(place, `loads of ${use.alias}`, this.materialized, loads[use.alias]);
    this.compare("live", plan, ask.requests, answers);
    const isLatest = plan.uses.every(
      (use) => loads[use.alias] === undefined || !this.expected.lacksLoad(use, loads[use.alias], this.end),
    );
    await this.askAsOf(store, plan, { requests: ask.requests, at: t }, isLatest ? answers : null);
  }

  /** @param live what was answered live for the same moment, where that holds the same loads */
  private async askAsOf(
    store: CourseStore,
    plan: ServicePlan,
    { requests, at, knowledge = "served" }: Pick<Extract<Ask, { how: "as of" }>, "requests" | "at" | "knowledge">,
    live: readonly FeatureAnswer[] | null,
  ): Promise<void> {
    const service = plan.service.name;
    const answers = await store.features(service, requests, { at, knowledge });
    for (const use of [...plan.aggregates, ...plan.batches])
      this.comparison.value(
        placeOf("as of", service, requests[0], at),
        `loads of ${use.alias}`,
        this.end,
        answers[0].loads[use.alias],
        true,
      );
    this.compare("as of", plan, requests, answers);
    if (live !== null) compareAnswers(this.comparison, { how: "as of", plan, requests }, answers, (i) => live[i]);
  }

  private compare(
    how: Ask["how"],
    plan: ServicePlan,
    requests: readonly Row[],
    answers: readonly FeatureAnswer[],
  ): void {
    const answer = this.expected.answers(plan);
    compareAnswers(this.comparison, { how, plan, requests }, answers, (i) =>
      answer(requests[i], answers[i].t, (alias) => answers[i].loads[alias], answers[i].knownAt ?? null),
    );
  }

  private async askDataset(store: CourseStore, ask: Extract<Ask, { how: "dataset" }>): Promise<void> {
    const plan = this.plan(ask.service);
    const spine = this.file("parquet");
    await writeSpine(this.bench.engine, spine, plan, ask);
    const out = this.file("parquet");
    const { knowledge = "served" } = ask;
    // Nothing is said about moments yet to come.
    await store.settled();
    const { knownAt } = await store.dataset(ask.service, { spine, out, time: MOMENT, knowledge });
    const answer = this.expected.answers(plan);
    const { end } = this;
    await compareDataset(this.bench.engine, plan, ask, out, this.comparison, (i) =>
      answer(ask.requests[i], ask.moments[i], () => end, knownAt ?? null),
    );
    await rm(spine);
    await rm(out);
  }

  private plan(service: string): ServicePlan {
    const { catalog, services } = this.bench.subject;
    return (
      services.find((plan) => plan.service.name === service) ?? planService(catalog, serviceNamed(catalog, service))
    );
  }

  private file(format: string): string {
    return path.join(this.home, `${this.files++}.${format}`);
  }

  private async writeRows(source: SourceDefinition, rows: readonly Row[], asText: boolean): Promise<string> {
    const file = this.file(asText ? "ndjson" : "parquet");
    await writeRows(this.bench.engine, file, source, rows);
    return file;
  }
}

/** For how long keys are remembered where a source does not say. */
const WEEK = 7 * DAY;
/** From how many files on they are merged where a course does not say. */
const COMPACT_FROM = 8;
/** What the clock of a store that may be killed keeps in reserve. */
const APART = HOUR;
