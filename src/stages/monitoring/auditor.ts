import { OneByOne } from "../../core/one-by-one.ts";
import type { OnCompared, ServedAnswer } from "../../core/result/audit.ts";
import type { AuditReport, AuditTarget } from "../../core/result/monitoring.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import { type AuditNote, AuditTotals } from "./audit-totals.ts";
import { requestSampler } from "./request-sample.ts";

/** Sampled answers that may wait in memory, of all services; more are dropped, and counted. */
const WAITING = 10_000;
/** Answers that are compared at once, and positions of the served log that are read at once. */
const BATCH = 1000;
const CHUNK = 20_000;
/** Between batches the audit rests for so many times as long as the last one took. */
const REST = 3;

/** What answers are compared for: a service, or a model with its service. */
export interface Audited {
  readonly kind: "features" | "predict";
  readonly name: string;
  /** Fingerprint of the service. */
  readonly definition: string;
  readonly inputs: Fields;
}

/** How the auditor reaches history and keeps what it found. */
export interface AuditorParts {
  readonly clock: Clock;
  /** The share of requests to audit, 0 to 1. */
  readonly sample: number;
  readonly targets: readonly Audited[];
  /** The end of the log. */
  readonly end: () => LogPosition;
  /** Resolves once all that this process predicted before the call is in the log, and the auditor was told of it. */
  readonly logged: () => Promise<void>;
  /**
   * Predictions of a model in the served log at [from, until), in its order; `verifiable` is false where records that they
   * may rest on were erased since.
   */
  readonly readServed: (
    model: string,
    range: { readonly from: LogPosition; readonly until: LogPosition },
    signal: AbortSignal,
  ) => Promise<readonly LoggedAnswer[]>;
  /** Computes answers again from history. */
  readonly compare: (
    target: Audited,
    answers: readonly ServedAnswer[],
    onCompared: OnCompared,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly load: (target: Audited) => Promise<AuditNote | null>;
  readonly save: (target: Audited, note: AuditNote) => Promise<void>;
  /** Called when a round is over: what was opened to compare can be closed. */
  readonly ended: () => void;
  /** Waits, or rejects when the signal is aborted. */
  readonly rest: (seconds: number, signal: AbortSignal) => Promise<void>;
}

export interface LoggedAnswer {
  readonly position: LogPosition;
  readonly answer: ServedAnswer;
  readonly verifiable: boolean;
}

interface Waiting {
  count: number;
  oldest: Timestamp | null;
}

interface TargetState {
  readonly target: Audited;
  readonly sampled: ReturnType<typeof requestSampler>;
  totals: AuditTotals;
  position: LogPosition;
  dropped: number;
  unverifiable: number;
  lastRun: Timestamp | null;
  /** Sampled answers with features that wait. */
  readonly queue: ServedAnswer[];
  /** What entered the served log since the last look at it began, and what that is about. */
  since: Waiting;
  taken: Waiting;
  /** Whether the served log was looked at in this process. */
  looked: boolean;
}

/**
 * Compares a sample of what was served with history, a little at a time. Predictions are taken from the served log,
 * each once, also across processes; answers with features alone wait in memory and end with the process. Whatever was
 * answered under another definition is left out.
 */
export class Auditor {
  private readonly parts: AuditorParts;
  private readonly states = new Map<string, TargetState>();
  private readonly rounds = new OneByOne();
  private waiting = 0;

  private constructor(parts: AuditorParts) {
    this.parts = parts;
  }

  /** Goes on where an earlier process stopped. */
  static async open(parts: AuditorParts, writes: boolean): Promise<Auditor> {
    const auditor = new Auditor(parts);
    for (const target of parts.targets) {
      const found = await parts.load(target);
      const before = found?.definition === target.definition ? found : null;
      const state: TargetState = {
        target,
        sampled: requestSampler(target.inputs, parts.sample),
        totals: new AuditTotals(target.inputs, before),
        // Never ahead of the log, which may be of an older copy than the note.
        position: Math.min(before?.position ?? Infinity, parts.end()),
        dropped: before?.dropped ?? 0,
        unverifiable: before?.unverifiable ?? 0,
        lastRun: before?.lastRun ?? null,
        queue: [],
        since: { count: 0, oldest: null },
        taken: { count: 0, oldest: null },
        looked: false,
      };
      auditor.states.set(keyOf(target), state);
      // At once: if this process dies, the next must not take what it will serve for answers of an older definition.
      if (writes && target.kind === "predict" && before === null) await auditor.save(state);
    }
    return auditor;
  }

  /** Tells which requests for a service are sampled. */
  sampled(service: string): (request: Row) => boolean {
    return this.states.get(keyOf({ kind: "features", name: service }))!.sampled;
  }

  /** Takes note of an answer with features alone; `served` is called where it is sampled. */
  answered(service: string, request: ServedAnswer["request"], served: () => ServedAnswer): void {
    const state = this.states.get(keyOf({ kind: "features", name: service }))!;
    if (!state.sampled(request)) return;
    if (this.waiting >= WAITING) {
      state.dropped++;
      return;
    }
    this.waiting++;
    state.queue.push(served());
  }

  /** Takes note of predictions that are in the served log now, whoever made them. */
  logged(model: string, count: number, t: Timestamp): void {
    const { since } = this.states.get(keyOf({ kind: "predict", name: model }))!;
    since.count += count;
    since.oldest ??= t;
  }

  /** Compares all that waits; `rests` says whether it takes its time. Rejects at the first failure, to go on there later. */
  round(signal: AbortSignal, rests: boolean): Promise<void> {
    return this.rounds.run(async () => {
      const failures: unknown[] = [];
      for (const state of this.states.values())
        try {
          if (state.target.kind === "features") await this.auditQueue(state, signal, rests);
          else await this.auditLog(state, signal, rests);
        } catch (error) {
          // One target that cannot be compared does not keep others from it.
          failures.push(error);
          if (signal.aborted) break;
        }
      this.parts.ended();
      if (failures.length > 0) throw failures[0];
    });
  }

  /** Gives up what waits in memory, and counts it. What is in the served log stays to be audited. */
  async close(): Promise<void> {
    for (const state of this.states.values()) await this.drop(state);
  }

  /** Lets work be done while nothing is compared. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.rounds.run(work);
  }

  /**
   * Leaves out all that was answered so far, counts it, and forgets the examples, which tell of requests: history loses records, and
   * answers that they were in cannot be computed again. Only within `alone`.
   */
  async forget(): Promise<void> {
    for (const state of this.states.values()) {
      const { answers, features, examples } = state.totals;
      const left = state.queue.length + state.since.count + state.taken.count;
      if (left === 0 && examples.length === 0 && state.position === this.parts.end()) continue;
      const kept = { answers, features: Object.fromEntries(features), examples: [] };
      state.totals = new AuditTotals(state.target.inputs, kept);
      const queued = state.queue.splice(0).length;
      this.waiting -= queued;
      state.unverifiable += queued + (await this.sampledInLog(state));
      [state.since, state.taken] = [nothing(), nothing()];
      state.position = this.parts.end();
      await this.save(state);
    }
  }

  /** How many predictions of the sample the served log has that were not looked at. */
  private async sampledInLog({ target, position, sampled }: TargetState): Promise<number> {
    if (target.kind !== "predict") return 0;
    const { signal } = new AbortController();
    const end = this.parts.end();
    let found = 0;
    for (let from = position; from < end; from += CHUNK) {
      const until = Math.min(from + CHUNK, end);
      const read = await this.parts.readServed(target.name, { from, until }, signal);
      found += read.filter(({ answer }) => sampled(answer.request)).length;
    }
    return found;
  }

  targets(): AuditTarget[] {
    return [...this.states.values()].map(({ target, totals, queue, since, taken, dropped, unverifiable, lastRun }) => ({
      kind: target.kind,
      name: target.name,
      answers: totals.answers,
      compared: totals.sum("compared"),
      different: totals.sum("different"),
      features: Object.fromEntries(totals.features),
      examples: totals.examples,
      waiting: queue.length + since.count + taken.count,
      oldest: queue[0]?.t ?? taken.oldest ?? since.oldest,
      dropped,
      unverifiable,
      lastRun,
    }));
  }

  private async auditQueue(state: TargetState, signal: AbortSignal, rests: boolean): Promise<void> {
    // What comes meanwhile is the next round's: this one has an end, however busy the store is.
    for (let left = state.queue.length; left > 0;) {
      const batch = state.queue.slice(0, Math.min(BATCH, left));
      left -= batch.length;
      const seconds = await this.compare(state, batch, signal);
      state.queue.splice(0, batch.length);
      this.waiting -= batch.length;
      await this.save(state);
      if (rests && left > 0) await this.parts.rest(seconds * REST, signal);
    }
  }

  private async auditLog(state: TargetState, signal: AbortSignal, rests: boolean): Promise<void> {
    await this.parts.logged();
    const { taken, since } = state;
    if (taken.count + since.count === 0 && state.looked) return;
    // What was told is below this end; what enters the log from now on will be told, and is the next round's.
    const end = this.parts.end();
    state.taken = { count: taken.count + since.count, oldest: taken.oldest ?? since.oldest };
    state.since = nothing();
    while (state.position < end) {
      const until = Math.min(state.position + CHUNK, end);
      const read = await this.parts.readServed(state.target.name, { from: state.position, until }, signal);
      const sampled = read.filter(({ answer }) => state.sampled(answer.request));
      for (let i = 0; i < sampled.length; i += BATCH) {
        const batch = sampled.slice(i, i + BATCH);
        const answers = batch.filter(({ verifiable }) => verifiable).map(({ answer }) => answer);
        const seconds = answers.length === 0 ? 0 : await this.compare(state, answers, signal);
        state.unverifiable += batch.length - answers.length;
        // With its totals, so that a crash neither leaves out nor counts twice.
        state.position = batch.at(-1)!.position + 1;
        await this.save(state);
        if (rests) await this.parts.rest(seconds * REST, signal);
      }
      state.position = until;
      await this.save(state);
    }
    state.taken = nothing();
    state.looked = true;
  }

  /** Resolves to the seconds it took; counts only what was compared whole. */
  private async compare(state: TargetState, answers: readonly ServedAnswer[], signal: AbortSignal): Promise<number> {
    const { clock } = this.parts;
    const began = clock.elapsed();
    const found = new AuditTotals(state.target.inputs);
    await this.parts.compare(state.target, answers, (...compared) => found.compare(...compared), signal);
    found.answers = answers.length;
    state.totals.merge(found);
    state.lastRun = clock.now();
    return clock.elapsed() - began;
  }

  private async drop(state: TargetState): Promise<void> {
    const { length } = state.queue.splice(0);
    this.waiting -= length;
    state.dropped += length;
    if (length > 0) await this.save(state);
  }

  private save({ target, totals, position, dropped, unverifiable, lastRun }: TargetState): Promise<void> {
    return this.parts.save(target, {
      definition: target.definition,
      position,
      answers: totals.answers,
      features: Object.fromEntries(totals.features),
      examples: totals.examples,
      dropped,
      unverifiable,
      lastRun,
    });
  }
}

const nothing = (): Waiting => ({ count: 0, oldest: null });

const keyOf = ({ kind, name }: Pick<Audited, "kind" | "name">): string => `${kind} ${name}`;

/** The report over all targets. */
export function auditReport(
  targets: readonly AuditTarget[],
  now: Timestamp,
  rest: Pick<AuditReport, "running" | "sample" | "every" | "failures" | "failure">,
): AuditReport {
  const sum = (of: (target: AuditTarget) => number): number => targets.reduce((total, one) => total + of(one), 0);
  const oldest = Math.min(...targets.map((target) => target.oldest ?? Infinity));
  const last = Math.max(...targets.map(({ lastRun }) => lastRun ?? -Infinity));
  return {
    running: rest.running,
    sample: rest.sample,
    every: rest.every,
    answers: sum(({ answers }) => answers),
    compared: sum(({ compared }) => compared),
    different: sum(({ different }) => different),
    dropped: sum(({ dropped }) => dropped),
    unverifiable: sum(({ unverifiable }) => unverifiable),
    waiting: sum(({ waiting }) => waiting),
    lag: oldest === Infinity ? 0 : Math.max(0, now - oldest),
    lastRun: last === -Infinity ? null : last,
    failures: rest.failures,
    failure: rest.failure,
    targets,
  };
}
