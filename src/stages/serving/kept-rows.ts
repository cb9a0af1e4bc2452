import type { FeatureValue } from "../../core/aggregation/feature-type.ts";
import type { AnswerForm, WrittenPart, WrittenText } from "../../core/result/answer-form.ts";
import type { ViewStatus } from "../../core/result/answers.ts";
import type { Value } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";

/** What a batch view has for a key at the moments [from, until). */
export interface KeptRow {
  readonly status: ViewStatus;
  readonly eventTime: Timestamp | null;
  /** In the order of the use's features. */
  readonly values: readonly FeatureValue[];
  /** Which of them are null. */
  readonly nulls: readonly number[];
  readonly from: Timestamp;
  readonly until: Timestamp;
  /** How it was written last. */
  written: {
    readonly form: AnswerForm;
    readonly part: WrittenPart;
    /** The beginning of an answer that consists of it alone, where that was written. */
    head: WrittenText | null;
  } | null;
}

export type KeyName = Exclude<Value, null>;

/** What kept rows may take, in bytes, all of a process together and roughly. */
const KEPT_BYTES = 64 * 2 ** 20;
/** What a row takes beside its values, and each value with its text. */
const ROW_BYTES = 250;
const VALUE_BYTES = 56;

/**
 * Bounds what is kept over all services: once half of it has come anew, what was not asked for since the last time that
 * happened is let go.
 */
export class KeptBudget {
  private readonly half: number;
  private taken = 0;
  epoch = 0;
  /** Called where a reader finds that the store has moved into another file: nothing that anybody keeps is of use then. */
  moved: () => void = () => {};

  constructor(bytes = KEPT_BYTES) {
    this.half = bytes / 2;
  }

  take(bytes: number): void {
    this.taken += bytes;
    if (this.taken < this.half) return;
    this.taken = 0;
    this.epoch++;
  }
}

/**
 * Rows of one batch view, by key, as long as its state stays the same. Which state they are of is for whoever keeps
 * them to see to.
 */
export class KeptRows {
  private readonly budget: KeptBudget;
  private young = new Map<KeyName, { readonly row: KeptRow; readonly bytes: number }>();
  private old: typeof this.young = new Map();
  private epoch: number;

  constructor(budget: KeptBudget) {
    this.budget = budget;
    this.epoch = budget.epoch;
  }

  /** What is kept for a key at about a moment. */
  get(name: KeyName, t: Timestamp): KeptRow | null {
    this.age();
    let found = this.young.get(name);
    if (found === undefined) {
      found = this.old.get(name);
      if (found === undefined) return null;
      this.old.delete(name);
      this.put(name, found);
    }
    const { row } = found;
    return row.from <= t && t < row.until ? row : null;
  }

  keep(name: KeyName, row: KeptRow): void {
    this.age();
    let bytes = ROW_BYTES + VALUE_BYTES * row.values.length;
    for (const value of row.values) if (typeof value === "string") bytes += 4 * value.length;
    this.put(name, { row, bytes });
  }

  get size(): number {
    return this.young.size + this.old.size;
  }

  clear(): void {
    this.young = new Map();
    this.old = new Map();
  }

  private put(name: KeyName, kept: { readonly row: KeptRow; readonly bytes: number }): void {
    this.young.set(name, kept);
    this.budget.take(kept.bytes);
  }

  private age(): void {
    const { epoch } = this.budget;
    if (epoch === this.epoch) return;
    this.old = epoch === this.epoch + 1 ? this.young : new Map();
    this.young = new Map();
    this.epoch = epoch;
  }
}
