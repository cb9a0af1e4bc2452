import type { Value } from "../schema/data-type.ts";
import type { compileContributions } from "../tile/view-layout.ts";

/** What a record contributes to an aggregation, as its algebra takes it; null where it contributes nothing. */
export type Contributed = ReturnType<ReturnType<typeof compileContributions>>[number];

/** The argument in what a record contributes. */
export function argumentOf(contributed: Contributed): Value {
  return contributed;
}
