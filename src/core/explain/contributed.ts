import type { Contributed } from "../aggregation/aggregation.ts";
import type { Value } from "../schema/data-type.ts";

/** The argument in what a record contributes. */
export function argumentOf(contributed: Contributed): Value {
  return typeof contributed === "object" && contributed !== null ? contributed.value : contributed;
}

/** The key in what a record contributes to an aggregation per key; undefined in another. */
export function keyOf(contributed: Contributed): Value | undefined {
  return typeof contributed === "object" && contributed !== null ? contributed.key : undefined;
}
