import type { FeatureValue } from "../aggregation/aggregation.ts";

/** Whether two values are the same, bit for bit; of counts, in the same order too. */
export function sameValue(a: FeatureValue, b: FeatureValue): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [x, y] = [Object.entries(a), Object.entries(b)];
  return x.length === y.length && x.every(([name, value], i) => name === y[i][0] && Object.is(value, y[i][1]));
}
