import { compareValues } from "../schema/compare.ts";
import type { DataType } from "../schema/data-type.ts";
import type { Algebra } from "./algebra.ts";
import { type ValueCounts, valueCountsOf } from "./value-counts.ts";

/**
 * The k most frequent values, the most frequent first, equally frequent ones in the canonical order of their type
 * (strings: by UTF-8 bytes). Counted exactly; null (OVERFLOW) above `limit` different values; empty where there is
 * nothing.
 */
export function topKOf(type: DataType, k: number, limit: number): Algebra<ValueCounts> {
  return valueCountsOf(type, limit, (counts) =>
    [...counts]
      .sort(([a, times], [b, others]) => others - times || compareValues(a, b))
      .slice(0, k)
      .map(([value]) => value),
  );
}
