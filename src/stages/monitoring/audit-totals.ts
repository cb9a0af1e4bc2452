import { count, listOf, mapOf, objectOf, optional, orNull, text, whole } from "../../core/codec/shape.ts";
import type { AuditCounts, AuditedDifference } from "../../core/result/monitoring.ts";
import type { ServedAnswer } from "../../core/result/audit.ts";
import type { Fields, Value } from "../../core/schema/data-type.ts";
import { formatTimestamp, type Timestamp } from "../../core/time/timestamp.ts";

/** Differences that are told one by one: of each feature, and of all. */
const EXAMPLES_OF_FEATURE = 3;
const EXAMPLES = 50;

/** What is kept of a target's audit from one process to the next. */
export interface AuditNote {
  /** Fingerprint of the service: answers of another definition are not compared. */
  readonly definition: string;
  /** Predictions of the served log below this position were looked at; unused for features. */
  readonly position: number;
  readonly answers: number;
  readonly features: Readonly<Record<string, AuditCounts>>;
  readonly examples: readonly AuditedDifference[];
  readonly dropped: number;
  /** Notes that were written before keys could be forgotten lack it. */
  readonly unverifiable?: number;
  readonly lastRun: Timestamp | null;
}

const COUNTS = objectOf({ compared: count, different: count });
const EXAMPLE = objectOf({
  what: text,
  t: whole,
  request: mapOf(orNull(text)),
  loads: mapOf(count),
  served: text,
  recomputed: text,
  id: orNull(text),
});

/** What an `AuditNote` looks like. */
export const auditNoteShape = objectOf({
  definition: text,
  position: count,
  answers: count,
  features: mapOf(COUNTS),
  examples: listOf(EXAMPLE),
  dropped: count,
  unverifiable: optional(count),
  lastRun: orNull(whole),
});

/** Counts of compared and different values, by what was compared. */
export class AuditTotals {
  answers: number;
  readonly features: Map<string, AuditCounts>;
  readonly examples: AuditedDifference[];
  private readonly inputs: Fields;

  /** @param inputs of the service, to show requests by */
  constructor(inputs: Fields, before: Pick<AuditNote, "answers" | "features" | "examples"> | null = null) {
    this.inputs = inputs;
    this.answers = before?.answers ?? 0;
    this.features = new Map(Object.entries(before?.features ?? {}).map(([what, counts]) => [what, { ...counts }]));
    this.examples = [...(before?.examples ?? [])];
  }

  /** Compares bit for bit; where both sides are null there is nothing to compare. */
  compare(answer: ServedAnswer, what: string, served: Value, recomputed: Value): void {
    if (served === null && recomputed === null) return;
    const counts = this.countsOf(what);
    counts.compared++;
    if (Object.is(served, recomputed)) return;
    counts.different++;
    this.addExample({
      what,
      t: answer.t,
      request: Object.fromEntries(
        Object.entries(this.inputs).map(([name, { kind }]) => [name, textOf(kind, answer.request[name])]),
      ),
      loads: answer.loads,
      served: String(served),
      recomputed: String(recomputed),
      id: answer.id,
    });
  }

  merge(from: AuditTotals): void {
    this.answers += from.answers;
    for (const [what, { compared, different }] of from.features) {
      const counts = this.countsOf(what);
      counts.compared += compared;
      counts.different += different;
    }
    for (const example of from.examples) this.addExample(example);
  }

  sum(of: keyof AuditCounts): number {
    return [...this.features.values()].reduce((sum, counts) => sum + counts[of], 0);
  }

  private countsOf(what: string): AuditCounts {
    let counts = this.features.get(what);
    if (counts === undefined) this.features.set(what, (counts = { compared: 0, different: 0 }));
    return counts;
  }

  private addExample(example: AuditedDifference): void {
    if (this.examples.length >= EXAMPLES) return;
    if (this.examples.filter(({ what }) => what === example.what).length < EXAMPLES_OF_FEATURE)
      this.examples.push(example);
  }
}

function textOf(kind: string, value: Value): string | null {
  if (value === null) return null;
  return kind === "timestamp" ? formatTimestamp(value as number) : String(value);
}
