import { decodePresent, encodePresent } from "../codec/value-codec.ts";
import { AsofError } from "../errors.ts";
import { compareNumbers, compareValues } from "../schema/compare.ts";
import type { DataType, Value } from "../schema/data-type.ts";
import type { Algebra } from "./algebra.ts";

const EMPTY = 0;
const PRESENT = 1;

/** The least value in the canonical order of its kind; null where there is nothing. No group: a remove forgets nothing. */
export function minOf(type: DataType): Algebra<Value> {
  return extremumOf(type, -1);
}

/** The greatest value in the canonical order of its kind, NaN above all; null where there is nothing. No group. */
export function maxOf(type: DataType): Algebra<Value> {
  return extremumOf(type, 1);
}

function extremumOf(type: DataType, sign: 1 | -1): Algebra<Value> {
  const numeric = type.kind === "float64" || type.kind === "int32" || type.kind === "timestamp";
  const compare = (numeric ? compareNumbers : compareValues) as (a: Value, b: Value) => number;
  const better = (a: Value, b: Value): Value => (a === null || sign * compare(b, a) > 0 ? b : a);
  return {
    ordered: false,
    empty: () => null,
    add: better,
    remove: null,
    merge: (into, from) => (from === null ? into : better(into, from)),
    finish: (state) => state,
    isEmpty: (state) => state === null,
    overflows: null,
    encode: (state, out) => {
      out.u8(state === null ? EMPTY : PRESENT);
      if (state !== null) encodePresent(out, type, state);
    },
    decode: (input) => {
      const marker = input.u8();
      if (marker === EMPTY) return null;
      if (marker !== PRESENT) throw new AsofError("ASOF_CORRUPT", "stored bytes hold no extremum", {});
      return decodePresent(input, type);
    },
    mergeEncoded: (into, input) => {
      const marker = input.u8();
      if (marker === EMPTY) return into;
      if (marker !== PRESENT) throw new AsofError("ASOF_CORRUPT", "stored bytes hold no extremum", {});
      return better(into, decodePresent(input, type));
    },
  };
}
