import { interpret } from "../../core/oracle/expression-interpreter.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { Row, Value } from "../../core/schema/data-type.ts";
import { DAY, HOUR, SECOND, type Timestamp } from "../../core/time/timestamp.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import { RecordGenerator } from "./record-generator.ts";
import { Random } from "./random.ts";
import type { Ask, Course, Step } from "./steps.ts";
import type { Subject } from "./subject.ts";
import { valueOf } from "./values.ts";

/** How much a course holds: grows over the runs, so that what is easy to find is found soon, and in little. */
export interface CourseSize {
  readonly records: number;
  readonly phases: number;
  readonly requests: number;
  readonly examples: number;
}

/** A course from a seed: history in loads, then streaming on a simulated clock with everything that may happen between. */
export function makeCourse(subject: Subject, size: CourseSize, ...seeds: readonly number[]): Course {
  return new CourseGenerator(subject, size, new Random(...seeds)).make();
}

/** Where time begins: an ordinary summer, the turn of the epoch, the end of a leap day. */
const beginnings = [993_340_800_000_000, 993_340_800_000_000, 0, 1_709_164_800_000_000];

class CourseGenerator {
  private readonly subject: Subject;
  private readonly size: CourseSize;
  private readonly random: Random;
  private readonly records: RecordGenerator;
  private readonly steps: Step[] = [];
  private readonly start: Timestamp;
  /** Whether the store is in a process of its own, to be killed. */
  private readonly apart: boolean;
  private readonly withIds: readonly SourceDefinition[];
  /** Requests that were sent under a key. */
  private readonly keyed: Extract<Step, { do: "ingest" }>[] = [];
  private now: Timestamp;

  constructor(subject: Subject, size: CourseSize, random: Random) {
    this.subject = subject;
    this.size = size;
    this.random = random;
    this.records = new RecordGenerator(subject, random);
    this.start = random.pick(beginnings) + random.pick([0, 1, 2 * HOUR, DAY - 1, random.whole(0, DAY)]);
    this.now = this.start;
    this.apart = random.chance(0.2);
    this.withIds = subject.sources.filter(({ id }) => id !== undefined);
  }

  make(): Course {
    const { random, subject, size } = this;
    if (random.chance(0.3)) this.steps.push({ do: "materialize" });
    for (const source of subject.sources) {
      const loads = random.whole(1, 2);
      for (let i = 0; i < loads; i++) {
        const count = Math.ceil((size.records * (0.5 + random.next())) / (2 * loads * subject.sources.length));
        const ahead = random.chance(0.5) ? Math.ceil(subject.reach / 3) : 0;
        this.load(
          source,
          this.records.records(source, count, this.now - Math.ceil(subject.reach * 1.5), this.now + ahead),
        );
      }
      this.advance(this.now + SECOND);
    }
    if (random.chance(0.7)) this.compute();
    this.steps.push({ do: "materialize" });
    for (const plan of subject.services) this.askAll(plan, false);
    for (let phase = 0; phase < size.phases; phase++) this.phase();
    for (const plan of subject.services) this.askAll(plan, true);
    const { start, apart, steps } = this;
    const archiveFrom = random.pick([1, 40, 400, 20_000]);
    const [compactFrom, loses] = [random.pick([2, 2, 3, 8]), random.chance(0.5)];
    return { start, archiveFrom, compactFrom, loses, apart, threaded: apart && random.chance(0.5), steps };
  }

  private phase(): void {
    const { random, subject } = this;
    this.move();
    random.weighted<() => void>([
      [8, () => this.stream()],
      [this.withIds.length > 0 ? 5 : 0, () => this.change(random.pick(this.withIds))],
      [2, () => this.lateLoad()],
      [2, () => this.compute()],
      [2, () => this.steps.push({ do: "materialize" })],
      [this.apart ? 1 : 2, () => this.steps.push({ do: "restart" })],
      [this.apart ? 4 : 0, () => this.steps.push({ do: "kill" })],
      [1, () => {}],
    ])();
    if (random.chance(0.1)) {
      const plan = random.pick(subject.services);
      this.steps.push({ do: "ask ahead", service: plan.service.name, request: this.request(plan) });
    }
    if (random.chance(0.75)) this.askAll(random.pick(subject.services), random.chance(0.35));
  }

  /** Lets time pass: to the next boundary, to when something waits to become due, or anywhere. */
  private move(): void {
    const { random, subject, now } = this;
    const step = random.pick(subject.steps);
    this.advance(
      random.weighted<() => number>([
        [3, () => Math.ceil((now + 1) / step) * step + random.pick([-1, 0, 1])],
        [2, () => this.records.moment(now + 1, now + Math.ceil(subject.reach / 3))],
        [2, () => now + random.whole(1, Math.ceil(subject.reach / 8))],
        [2, () => now + random.whole(1, 10 * SECOND)],
        [1, () => now + random.whole(1, HOUR)],
        // Beyond every window: what the online store has of most keys is evicted.
        [1, () => now + Math.ceil(subject.reach * random.pick([1, 1.2, 3]))],
      ])(),
    );
  }

  private advance(to: Timestamp): void {
    // Stamps run a microsecond a record ahead of a clock that stands still: leave them room.
    this.now = Math.max(this.now + 20_000, to);
    this.steps.push({ do: "advance", to: this.now });
  }

  private stream(): void {
    const { random, subject, size } = this;
    const source = random.pick(subject.sources);
    const batches = random.whole(1, 4);
    for (let i = 0; i < batches; i++) {
      const count = random.chance(0.3) ? 1 : random.whole(1, Math.ceil(size.records / 12));
      const late = random.chance(0.2);
      const back = late ? Math.ceil(subject.reach * 1.1) : random.pick([HOUR, DAY, random.pick(subject.steps)]);
      const ahead = random.chance(0.3) ? source.tolerance : 0;
      const rows = this.records.records(source, count, this.now - back, this.now + ahead);
      this.ingest(
        source,
        rows.filter((row) => this.isAcceptable(source, row)),
      );
      if (random.chance(0.5)) this.advance(this.now + random.whole(1, SECOND));
    }
    this.records.remember(this.now);
  }

  /** Sends records: under a key now and then, which may come again; some of them a second time. */
  private ingest(source: SourceDefinition, records: readonly Row[]): void {
    const { random } = this;
    const names = this.records.namesOf(source);
    const known = names === null || random.chance(0.6) ? null : names.any(random);
    const rows = known === null || !this.isAcceptable(source, known) ? records : [known, ...records];
    if (rows.length === 0) return;
    const key = random.chance(0.15) ? { key: `request ${this.keyed.length}` } : {};
    const step = { do: "ingest", source: source.name, rows, ...key } as const;
    this.steps.push(step);
    if (step.key !== undefined) this.keyed.push(step);
    if (this.keyed.length > 0 && random.chance(0.1)) {
      const again = random.pick(this.keyed);
      this.steps.push({ ...again, rows: random.shuffled(again.rows) });
    }
  }

  /** Withdraws and corrects records: what is there, what is yet to come, what is withdrawn already, and twice. */
  private change(source: SourceDefinition): void {
    const { random, size, subject } = this;
    const names = this.records.namesOf(source)!;
    const [from, until] = [this.now - Math.ceil(subject.reach * 1.1), this.now];
    const coming = this.records.records(source, random.whole(0, 2), from, until);
    const some = (count: number): Row[] => {
      const found = Array.from({ length: count }, () => (random.chance(0.2) ? random.pick(coming) : names.any(random)));
      return found.filter((row) => row !== null && row !== undefined);
    };
    for (let i = random.whole(1, 3); i > 0; i--) {
      const most = Math.ceil(size.records / 20);
      if (random.chance(0.5)) {
        const ids = some(random.whole(1, most)).map((row) => names.idOf(row));
        if (ids.length > 0) this.steps.push({ do: "retract", source: source.name, ids });
      } else {
        const byName = new Map(some(random.whole(1, most)).map((row) => [names.text(row), row]));
        const rows = [...byName.values()]
          // Said again, a correction changes nothing.
          .map((row) => (random.chance(0.2) ? row : this.records.corrected(source, row, from, until)))
          .filter((row) => row !== null && this.isAcceptable(source, row)) as Row[];
        if (rows.length > 0) this.steps.push({ do: "correct", source: source.name, rows });
      }
      if (random.chance(0.3)) this.advance(this.now + random.whole(1, SECOND));
    }
    const come = coming.filter((row) => this.isAcceptable(source, row));
    if (random.chance(0.3)) this.load(source, come);
    else this.ingest(source, come);
    this.records.remember(this.now);
  }

  /** Whether a record is not dated too far ahead to be streamed. */
  private isAcceptable(source: SourceDefinition, row: Row): boolean {
    return (interpret(source.eventTime, source.fields, row) as number) <= this.now + source.tolerance;
  }

  private lateLoad(): void {
    const { random, subject, size } = this;
    const source = random.pick(subject.sources);
    const rows = this.records.records(
      source,
      random.whole(1, Math.ceil(size.records / 4)),
      this.now - subject.reach,
      this.now + Math.ceil(subject.reach / 4),
    );
    this.load(source, rows);
    if (random.chance(0.6)) this.steps.push({ do: "materialize" });
  }

  private load(source: SourceDefinition, rows: readonly Row[]): void {
    const { random } = this;
    if (rows.length === 0) return;
    const shuffled = random.shuffled(rows);
    const files: Row[][] = [];
    for (let from = 0; from < shuffled.length;) {
      const until = from + random.whole(1, Math.max(1, Math.ceil(shuffled.length / random.whole(1, 3))));
      files.push(shuffled.slice(from, until));
      from = until;
    }
    this.steps.push({ do: "load", source: source.name, files, format: random.chance(0.7) ? "parquet" : "ndjson" });
    this.advance(this.now);
  }

  private compute(): void {
    for (const { name } of this.subject.batchViews) {
      this.steps.push({ do: "compute", view: name });
      this.advance(this.now);
    }
    if (this.random.chance(0.7)) this.steps.push({ do: "materialize" });
  }

  private askAll(plan: ServicePlan, dataset: boolean): void {
    const { random, size, subject } = this;
    const { name } = plan.service;
    const ask = (one: Ask): void => void this.steps.push({ do: "ask", ask: one });
    const requests = (count: number): Row[] => Array.from({ length: count }, () => this.request(plan));
    ask({ how: "live", service: name, requests: requests(size.requests), settle: random.chance(0.7) });
    if (random.chance(0.3))
      ask({
        how: "as of",
        service: name,
        requests: requests(size.requests),
        at: this.records.moment(this.now - subject.reach, this.now),
        knowledge: random.chance(0.3) ? "now" : "served",
      });
    if (!dataset) return;
    const asked = requests(size.examples);
    // Some examples are there twice.
    for (let i = 1; i < asked.length; i += 23) asked[i] = asked[i - 1];
    const moments = asked.map(() => this.records.moment(this.now - Math.ceil(subject.reach * 1.7), this.now));
    for (let i = 1; i < asked.length; i += 46) moments[i] = moments[i - 1];
    ask({ how: "dataset", service: name, requests: asked, moments, knowledge: random.chance(0.2) ? "now" : "served" });
  }

  private request({ service, onDemand }: ServicePlan): Row {
    const { random, subject } = this;
    const row: Record<string, Value> = {};
    // A key may be null, and finds nothing; a function is given what its own inputs allow.
    const needed = new Set(
      onDemand.flatMap(({ view, inputs }) =>
        Object.entries(inputs).flatMap(([own, name]) => (view.input[own].nullable ? [] : [name])),
      ),
    );
    for (const [input, type] of Object.entries(service.inputs)) {
      const pool = subject.pools.ofInput(service, input);
      if (pool === null) row[input] = valueOf(random, type, false);
      else if (random.chance(0.02) && !needed.has(input)) row[input] = null;
      else row[input] = random.chance(0.05) ? random.pick(pool.unknown) : random.pick(pool.known);
    }
    return row;
  }
}
