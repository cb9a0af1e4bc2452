import { compareOrdered } from "../aggregation/order-key.ts";
import type { AggregationSpec, FeatureValue, OrderKey } from "../aggregation/aggregation.ts";
import { compareValues } from "../schema/compare.ts";
import type { Value } from "../schema/data-type.ts";

/** What the order of influence looks at. */
export interface Weighed {
  readonly argument: Value;
  readonly event: number;
  readonly available: number;
  readonly position: number;
  readonly order: OrderKey | undefined;
}

/** What is known of a window before its records are put in order. */
export interface Outcome {
  readonly value: FeatureValue;
  /** About the mean of its numbers. */
  readonly mean: number;
}

export interface Influence {
  readonly words: string;
  /** Before all others stands what did the most to make the value what it is. */
  readonly compare: (a: Weighed, b: Weighed, outcome: Outcome) => number;
}

const newest = (a: Weighed, b: Weighed): number =>
  b.event - a.event || b.available - a.available || b.position - a.position;

const farFrom =
  (of: (outcome: Outcome) => number, sign: 1 | -1) =>
  (a: Weighed, b: Weighed, outcome: Outcome): number => {
    const from = of(outcome);
    const far = ({ argument }: Weighed): number => {
      const distance = Math.abs(Number(argument) - from);
      return Number.isNaN(distance) ? Infinity : distance;
    };
    const [x, y] = [far(a), far(b)];
    return x === y ? newest(a, b) : sign * (y > x ? 1 : -1);
  };

const inOrder = (a: Weighed, b: Weighed): number =>
  a.order === undefined || b.order === undefined
    ? -newest(a, b)
    : compareOrdered({ value: a.argument, key: a.order }, { value: b.argument, key: b.order });

/** By what the records of a window are listed, as fits what is made of them. */
export function influenceOf(spec: AggregationSpec): Influence {
  switch (spec.kind) {
    case "per":
      return influenceOf(spec.each);
    case "sum":
    case "avg":
      return { words: "the size of the value", compare: farFrom(() => 0, 1) };
    case "var":
    case "stddev":
      return { words: "the distance from the mean", compare: farFrom(({ mean }) => mean, 1) };
    case "quantile":
      return { words: "the nearness to the answer", compare: farFrom(({ value }) => Number(value ?? 0), -1) };
    case "min":
      return {
        words: "the value, the least first",
        compare: (a, b) => compareValues(a.argument, b.argument) || newest(a, b),
      };
    case "max":
      return {
        words: "the value, the greatest first",
        compare: (a, b) => compareValues(b.argument, a.argument) || newest(a, b),
      };
    case "first":
      return { words: "the order of records, the oldest first", compare: inOrder };
    case "last":
    case "lastN":
      return { words: "the order of records, the newest first", compare: (a, b) => inOrder(b, a) };
    default:
      return { words: "time, the newest first", compare: newest };
  }
}

/** Whether values and how often they occur make the result: of arguments, or of what it is computed per. */
export function countsValues({ kind }: AggregationSpec): boolean {
  return kind === "per" || kind === "countDistinct" || kind === "topK" || kind === "histogram";
}
