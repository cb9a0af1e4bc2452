import type { AggregateFeature, AggregateViewDefinition } from "../definition/data.ts";
import type { PlainSpec } from "../aggregation/aggregation.ts";
import type { DataType, Fields, Value } from "../schema/data-type.ts";
import { type ScaledValue, ScaledValues } from "./exact.ts";
import { interpret } from "./expression-interpreter.ts";
import {
  naiveAggregate,
  naiveArgumentType,
  naiveBounds,
  naiveEventTime,
  naivePer,
  naiveVisible,
  naiveWindows,
  type OracleRecord,
  type OracleValue,
  recordOrder,
} from "./naive.ts";

/** A record and the log entry of the load it came with; null where it was streamed. */
export interface LoadedRecord extends OracleRecord {
  readonly load: number | null;
  /** Set where the record is withdrawn after it came. */
  withdrawn?: number;
}

/** What an aggregate view answers. */
export interface KeyAnswer {
  readonly features: readonly OracleValue[];
  readonly eventTime: number | null;
}

/** A value that records contribute to features. */
interface Argument {
  readonly of: AggregateFeature["of"];
  readonly where: AggregateFeature["where"];
  readonly per: AggregateFeature["per"];
  readonly type: DataType | null;
  readonly scaled: ScaledValues;
}

/** A record with its contribution to each argument, null where it makes none, and the key it is aggregated per. */
interface Held {
  readonly record: LoadedRecord;
  readonly keys: readonly Value[];
  readonly values: readonly (Exclude<Value, null> | null)[];
  readonly numbers: readonly (ScaledValue | null)[];
}

/**
 * `naiveView` for one key of which much is asked: expressions are interpreted and numbers made whole once a record,
 * not once a question. Records stand in their order, so that a question looks at those that happened within a window,
 * every one of them.
 */
export class KeyHistory {
  private readonly view: AggregateViewDefinition;
  private readonly fields: Fields;
  private readonly held: Held[] = [];
  private readonly compare: (a: OracleRecord, b: OracleRecord) => number;
  private inOrder = true;
  private readonly arguments: Argument[] = [];
  /** By feature, which of the arguments it aggregates. */
  private readonly argumentOf: readonly number[];

  constructor(view: AggregateViewDefinition, fields: Fields) {
    this.view = view;
    this.fields = fields;
    this.compare = recordOrder(fields, view.order ?? null);
    const byText = new Map<string, number>();
    this.argumentOf = view.features.map((feature) => {
      const { of, where, per } = feature;
      const text = JSON.stringify([of, where, per]);
      let at = byText.get(text);
      if (at === undefined) {
        byText.set(text, (at = this.arguments.length));
        this.arguments.push({ of, where, per, type: naiveArgumentType(feature, fields), scaled: new ScaledValues() });
      }
      return at;
    });
  }

  add(record: LoadedRecord): void {
    const { fields } = this;
    const values = this.arguments.map(({ of, where }) => {
      if (where !== null && interpret(where, fields, record.row) !== true) return null;
      return of === null ? true : interpret(of, fields, record.row);
    });
    const numbers = values.map((value, i) => {
      const { type, scaled } = this.arguments[i];
      if (value === null || typeof value === "string" || type === null || type.kind === "timestamp") return null;
      return scaled.add(typeof value === "boolean" ? Number(value) : value);
    });
    const keys = this.arguments.map(({ per }) => (per === undefined ? null : interpret(per, fields, record.row)));
    this.held.push({ record, keys, values, numbers });
    this.inOrder = false;
  }

  /** Every feature at t over what was streamed and the loads below a position; in hindsight, by what is known at `known`. */
  answer(t: number, loads: number, known = t): KeyAnswer {
    if (!this.inOrder) this.held.sort((a, b) => this.compare(a.record, b.record));
    this.inOrder = true;
    const windows = new Map<string, readonly Held[]>();
    const within = (start: bigint | null, end: bigint): readonly Held[] => {
      const text = `${start} ${end}`;
      let found = windows.get(text);
      if (found === undefined) windows.set(text, (found = this.within(start, end, loads, t, known)));
      return found;
    };
    return {
      features: this.view.features.map((feature, f) => {
        const values = naiveWindows(feature).map((window) => {
          const { start, end } = naiveBounds(window, t);
          return this.aggregate(feature, this.argumentOf[f], within(start, end));
        });
        return feature.series === undefined ? values[0] : (values as Value[]);
      }),
      eventTime: naiveEventTime(
        this.view,
        within(null, BigInt(t)).map(({ record }) => record),
        t,
        known,
      ),
    };
  }

  /** The records that are visible at t and happened in [start, end), in their order. */
  private within(start: bigint | null, end: bigint, loads: number, t: number, known: number): Held[] {
    const found: Held[] = [];
    const until = Number(end);
    for (let i = start === null ? 0 : this.firstFrom(Number(start)); i < this.held.length; i++) {
      const { record } = this.held[i];
      if (record.event >= until) break;
      if (naiveVisible(record, t, known) && (record.load === null || record.load < loads)) found.push(this.held[i]);
    }
    return found;
  }

  /** The first record that happened at `since` or later, by halving. */
  private firstFrom(since: number): number {
    let [low, high] = [0, this.held.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.held[middle].record.event < since) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private aggregate({ aggregation }: AggregateFeature, argument: number, held: readonly Held[]): OracleValue {
    if (aggregation.kind !== "per") return this.plain(aggregation, argument, held);
    const counted = held.filter(({ keys, values }) => keys[argument] !== null && values[argument] !== null);
    return naivePer(
      aggregation,
      counted,
      ({ keys }) => keys[argument] as Exclude<Value, null>,
      (mine) => this.plain(aggregation.each, argument, mine) as Value,
    );
  }

  private plain(aggregation: PlainSpec, argument: number, held: readonly Held[]): OracleValue {
    const { type, scaled } = this.arguments[argument];
    switch (aggregation.kind) {
      case "sum":
      case "avg": {
        const numbers = present(held, ({ numbers: all }) => all[argument]);
        if (numbers.length === 0) return null;
        // A quotient that rounds to zero is a zero without a sign.
        return aggregation.kind === "sum" ? scaled.sum(numbers) : scaled.sum(numbers) / numbers.length + 0;
      }
      case "var":
      case "stddev": {
        const variance = scaled.variance(present(held, ({ numbers: all }) => all[argument]));
        return variance === null || aggregation.kind === "var" ? variance : Math.sqrt(variance);
      }
      default:
        return naiveAggregate(
          aggregation,
          present(held, ({ values }) => values[argument]),
          type,
        );
    }
  }
}

function present<T>(held: readonly Held[], of: (one: Held) => T | null): T[] {
  const found: T[] = [];
  for (const one of held) {
    const value = of(one);
    if (value !== null) found.push(value);
  }
  return found;
}
