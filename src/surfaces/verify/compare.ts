import type { ServicePlan } from "../../core/plan/service-plan.ts";
import { featureName } from "../../core/definition/service-features.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Ask, Difference } from "./steps.ts";

/** Where a value stands: what a difference says beside the values. */
export type Place = Omit<Difference, "expected" | "found" | "name">;

/** Counts comparisons, and keeps the first that differ. One in which both sides are empty does not count. */
export class Comparison {
  compared = 0;
  readonly differences: Difference[] = [];

  /** @param isEmpty whether what is expected proves nothing; null never does */
  value(place: Place, name: string, expected: unknown, found: unknown, isEmpty = false): void {
    const counts = expected !== null && !isEmpty && !isEmptyCollection(expected);
    if (counts) this.compared++;
    if (same(expected, found)) return;
    if (!counts) this.compared++;
    if (this.differences.length < 20)
      this.differences.push({ ...place, name, expected, found: found === undefined ? null : found });
  }
}

/** Says whether a value of a feature is what an empty window gives. */
export function isEmptyOf(plan: ServicePlan): (name: string, value: unknown) => boolean {
  const counts = new Set(
    plan.aggregates.flatMap(({ alias, view }) =>
      view.features
        .filter(({ aggregation: { kind } }) => kind === "count" || kind === "countDistinct")
        .map(({ name }) => featureName(alias, name)),
    ),
  );
  const isEmpty = (value: unknown): boolean =>
    value === null || value === 0 || (typeof value === "object" && Object.values(value).every(isEmpty));
  return (name, value) => (counts.has(name) ? isEmpty(value) : isEmptyCollection(value));
}

/** A list or map without elements, or a series in which no window has a value. */
function isEmptyCollection(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.values(value).every((one) => one === null);
}

export function placeOf(how: Ask["how"], service: string, request: Row, t: Timestamp): Place {
  return { how, service, request, t };
}

/** Bit for bit; lists and maps by what they hold. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const [x, y] = [Object.entries(a), Object.entries(b)];
  return x.length === y.length && x.every(([name, value]) => Object.hasOwn(b, name) && same(value, (b as Row)[name]));
}
