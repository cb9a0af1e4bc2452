import { canonicalJson } from "../definition/fingerprint.ts";
import type { Expression } from "./tree.ts";

/**
 * By how many microseconds one time of a row is after another at the least, as far as the expressions tell without the
 * row: negative where it may be before it, null where they do not tell.
 */
export function leadOf(later: Expression, earlier: Expression): number | null {
  if (canonicalJson(later) === canonicalJson(earlier)) return 0;
  const known = [ofLater(later, earlier), ofEarlier(later, earlier)].filter((lead) => lead !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function ofLater(later: Expression, earlier: Expression): number | null {
  const shifted = shiftOf(later);
  if (shifted !== null) return plus(leadOf(shifted.of, earlier), shifted.by);
  if (later.op === "greatest") return most(later.args.map((one) => leadOf(one, earlier)));
  if (later.op === "least") return least(later.args.map((one) => leadOf(one, earlier)));
  return null;
}

function ofEarlier(later: Expression, earlier: Expression): number | null {
  const shifted = shiftOf(earlier);
  if (shifted !== null) return plus(leadOf(later, shifted.of), -shifted.by);
  if (earlier.op === "least") return most(earlier.args.map((one) => leadOf(later, one)));
  if (earlier.op === "greatest") return least(earlier.args.map((one) => leadOf(later, one)));
  return null;
}

/** A time that is another plus or minus a constant. */
function shiftOf(expression: Expression): { readonly of: Expression; readonly by: number } | null {
  if (expression.op !== "add" && expression.op !== "subtract") return null;
  const [of, by] = expression.args;
  if (by.op !== "literal" || by.kind !== "duration") return null;
  return { of, by: expression.op === "add" ? Number(by.value) : -Number(by.value) };
}

const plus = (lead: number | null, by: number): number | null => (lead === null ? null : lead + by);

/** Of bounds of which any one holds. */
function most(leads: readonly (number | null)[]): number | null {
  const known = leads.filter((lead) => lead !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** Of bounds of which the least holds. */
function least(leads: readonly (number | null)[]): number | null {
  return leads.reduce<number | null>((a, b) => (a === null || b === null ? null : Math.min(a, b)), Infinity);
}
