import { ExactSum } from "../aggregation/exact-sum.ts";

/**
 * √(mean of squares), by an exact sum: row order is immaterial. The values are first divided by the greatest of them,
 * since the square of a double beyond 1e154 is infinite.
 */
export function rootMeanSquare(values: Float64Array): number {
  let greatest = 0;
  for (const value of values) greatest = Math.max(greatest, Math.abs(value));
  if (greatest === 0) return 0;
  const sum = new ExactSum();
  sum.addAll(values.map((value) => (value / greatest) ** 2));
  return greatest * Math.sqrt(sum.value() / values.length);
}
