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

  value(place: Place, name: string, expected: unknown, found: unknown, emptyAtZero = false): void {
    if (expected === undefined) return;
    const isEmpty = expected === null || (emptyAtZero && expected === 0);
    if (!isEmpty) this.compared++;
    if (same(expected, found)) return;
    if (isEmpty) this.compared++;
    if (this.differences.length < 20)
      this.differences.push({ ...place, name, expected, found: found === undefined ? null : found });
  }
}

/** Features whose empty window gives 0. */
export function zeroWhereEmpty(plan: ServicePlan): ReadonlySet<string> {
  return new Set(
    plan.aggregates.flatMap(({ alias, view }) =>
      view.features
        .filter(({ aggregation: { kind } }) => kind === "count" || kind === "countDistinct")
        .map(({ name }) => featureName(alias, name)),
    ),
  );
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
