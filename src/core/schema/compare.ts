import { assert } from "../assert.ts";
import type { Value } from "./data-type.ts";

/**
 * Orders strings by their UTF-8 bytes, which is the order of code points. JavaScript's `<` orders UTF-16 code units
 * and so puts U+10000 and above (written as surrogates) before U+E000 to U+FFFF.
 */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/**
 * The canonical order of values of one kind, for sorting, ties and range reads: null before everything, false before
 * true, numbers ascending with NaN last, strings by UTF-8 bytes. Zero is the only result for equal values: the order
 * is total.
 */
export function compareValues(a: Value, b: Value): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  assert(typeof a === typeof b, "values of different kinds have no order");
  if (typeof a === "string") return compareStrings(a, b as string);
  if (typeof a === "number") return compareNumbers(a, b as number);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether two values are the same, be it that one was written when its field was narrower. */
export function sameAcrossWidths(a: Value | undefined, b: Value): boolean {
  if (typeof a === "bigint" && typeof b === "number") return Number.isInteger(b) && a === BigInt(b);
  if (typeof a === "number" && typeof b === "bigint") return Number.isInteger(a) && b === BigInt(a);
  return a === b;
}

/** Ascending, NaN last and equal to itself, −0 equal to 0. */
export function compareNumbers(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return a === b ? 0 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** Moves the surrogates, and so every code point beyond U+FFFF, above all other code units. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
