import { compareValues } from "../schema/compare.ts";
import type { DataType } from "../schema/data-type.ts";
import type { Algebra } from "./algebra.ts";
import { type ValueCounts, valueCountsOf } from "./value-counts.ts";

/**
 * How often each value occurs, by the value's text. Counted exactly; null (OVERFLOW) above `limit` different values;
 * empty where there is nothing.
 */
export function histogramOf(type: DataType, limit: number): Algebra<ValueCounts> {
  return valueCountsOf(type, limit, (counts) =>
    // fromEntries defines own properties, also one named __proto__.
    Object.fromEntries(
      [...counts].sort(([a], [b]) => compareValues(a, b)).map(([value, times]) => [String(value), times] as const),
    ),
  );
}
