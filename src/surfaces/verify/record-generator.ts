import type { SourceDefinition } from "../../core/definition/data.ts";
import { AsofError } from "../../core/errors.ts";
import { interpret, OutOfRange } from "../../core/oracle/expression-interpreter.ts";
import type { Row, Value } from "../../core/schema/data-type.ts";
import { DAY, HOUR, type Timestamp } from "../../core/time/timestamp.ts";
import type { Random } from "./random.ts";
import { RecordNames } from "./record-names.ts";
import { timeFields, withTimes } from "./record-times.ts";
import type { Subject } from "./subject.ts";
import { valueOf } from "./values.ts";

/** Makes records and moments that meet at the edges: ties, hop boundaries and a microsecond beside them, truncated dates. */
export class RecordGenerator {
  private readonly subject: Subject;
  private readonly random: Random;
  /** Times at which something happens, to be hit again. */
  private readonly recent: Timestamp[] = [];
  private readonly names = new Map<string, RecordNames>();

  constructor(subject: Subject, random: Random) {
    this.subject = subject;
    this.random = random;
  }

  /** A time in [from, until]. */
  time(from: Timestamp, until: Timestamp): Timestamp {
    const { random, recent, subject } = this;
    const beside = random.pick([0, 0, 0, -1, 1]);
    const floored = (step: number, by: number): number => Math.floor(random.whole(from, until) / step) * step + by;
    const at = random.weighted<() => number>([
      [25, () => random.whole(from, until)],
      [30, () => floored(random.pick(subject.steps), beside)],
      [10, () => floored(DAY, 0)],
      [10, () => floored(HOUR, 0)],
      [25, () => (recent.length === 0 ? from : random.pick(recent) + beside)],
    ])();
    return Math.min(until, Math.max(from, at));
  }

  /** A moment at which an answer may change. */
  moment(from: Timestamp, until: Timestamp): Timestamp {
    const { random, subject } = this;
    if (random.chance(0.5)) return this.time(from, until);
    // Where a window's tail passes what happened: its length after it, rounded up to its hop.
    const features = [...subject.catalog.views.values()].flatMap((view) =>
      view.kind === "aggregateView" ? view.features : [],
    );
    if (features.length === 0) return this.time(from, until);
    const { window } = random.pick(features);
    const at = this.time(from - (window.length ?? 0) - window.offset, until);
    const passed = Math.ceil((at + (window.length ?? 0) + window.offset) / window.hop) * window.hop;
    return Math.min(until, Math.max(from, passed + random.pick([-1, 0, 1])));
  }

  remember(at: Timestamp): void {
    if (this.recent.length < 60) this.recent.push(at);
    else this.recent[this.random.whole(0, 59)] = at;
  }

  /** The names of a source's records; null where it has no `id`. */
  namesOf(source: SourceDefinition): RecordNames | null {
    const { id, name } = source;
    if (id === undefined) return null;
    let found = this.names.get(name);
    if (found === undefined) this.names.set(name, (found = new RecordNames(source, id)));
    return found;
  }

  /** A record under the name of another one, with other content. */
  corrected(source: SourceDefinition, row: Row, from: Timestamp, until: Timestamp): Row | null {
    const other = this.row(source, this.time(from, until));
    return other === null ? null : this.namesOf(source)!.renamed(row, other);
  }

  /** Records of a source that happen in [from, until], known from then on or later. */
  records(source: SourceDefinition, count: number, from: Timestamp, until: Timestamp): Row[] {
    const rows: Row[] = [];
    const { random } = this;
    let refused = 0;
    let burst: Timestamp | null = null;
    while (rows.length < count) {
      if (random.chance(0.1)) burst = random.chance(0.5) ? this.time(from, until) : null;
      const event = burst === null ? this.time(from, until) : Math.min(until, burst + random.pick([0, 0, 1, 1000]));
      const made = this.row(source, event);
      const names = this.namesOf(source);
      const row = made === null || names === null ? made : names.name(made);
      if (row === null) {
        if (++refused < 1000) continue;
        throw new AsofError(
          "ASOF_USAGE",
          `no record of source ${source.name} can be made up: its expressions refuse all that were tried`,
          {
            source: source.name,
          },
        );
      }
      this.remember(event);
      rows.push(row);
      if (random.chance(0.05) && rows.length < count) rows.push(row);
    }
    return rows;
  }

  private row(source: SourceDefinition, event: Timestamp): Row | null {
    const { random, subject } = this;
    const decisive = timeFields(source);
    const row: Record<string, Value> = {};
    for (const [name, type] of Object.entries(source.fields)) {
      const pool = subject.pools.ofField(source.name, name);
      if (decisive.has(name)) row[name] = valueOf(random, { ...type, nullable: false }, false);
      else if (pool === null) row[name] = valueOf(random, type, true);
      else if (type.nullable && random.chance(0.1)) row[name] = null;
      else row[name] = random.chance(0.35) ? pool.known[0] : random.pick(pool.known);
    }
    const lag = random.weighted<() => number>([
      [4, () => 0],
      [3, () => random.pick(subject.steps) + random.pick([-1, 0, 1])],
      [2, () => random.whole(0, Math.ceil(subject.reach / 4))],
      [1, () => random.whole(0, subject.reach)],
      [1, () => -random.whole(0, HOUR)],
    ])();
    try {
      const made = withTimes(source, row, event, event + lag);
      return this.isAcceptable(source, made) ? made : null;
    } catch (error) {
      if (error instanceof OutOfRange) return null;
      throw error;
    }
  }

  /** Whether everything that is computed of the row stays within its range. */
  private isAcceptable(source: SourceDefinition, row: Row): boolean {
    for (const at of [source.eventTime, source.availableAt]) {
      if (at === null) continue;
      const value = interpret(at, source.fields, row);
      if (typeof value !== "number" || !Number.isSafeInteger(value)) return false;
    }
    for (const view of this.subject.catalog.views.values())
      if (view.kind === "aggregateView" && view.source === source.name)
        for (const { of, where } of view.features) {
          if (of !== null) interpret(of, source.fields, row);
          if (where !== null) interpret(where, source.fields, row);
        }
    return true;
  }
}
