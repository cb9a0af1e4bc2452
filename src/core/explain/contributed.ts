import type { Contributed, Keyed } from "../aggregation/algebra.ts";
import type { Value } from "../schema/data-type.ts";

/** The argument in what a record contributes. */
export function argumentOf(contributed: Contributed): Value {
  return isKeyed(contributed) ? contributed.value : contributed;
}

/** What a record is grouped by: the key it is aggregated per, else the argument itself. */
export function groupOf(contributed: Contributed): Value {
  return isKeyed(contributed) ? contributed.key : contributed;
}

function isKeyed(contributed: Contributed): contributed is Keyed {
  return typeof contributed === "object" && contributed !== null;
}
