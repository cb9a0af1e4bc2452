import { canonicalize } from "../../../core/codec/canonicalize.ts";
import { canonicalKey } from "../../../core/codec/key-text.ts";
import { AsofError } from "../../../core/errors.ts";
import type { RequestRow } from "../row-reader.ts";
import type { Selection } from "./selection.ts";

/** A row with values of the types of its inputs, as an answer repeats them. A key may be null. @throws ASOF_TYPE, … */
export function canonicalRow({ inputs, keys }: Selection, row: RequestRow, index: number): RequestRow {
  const canonical: RequestRow = {};
  for (const [name, value] of Object.entries(row)) {
    if (value === null && keys.has(name)) canonical[name] = null;
    else
      try {
        canonical[name] = (keys.has(name) ? canonicalKey : canonicalize)(inputs[name], value, name);
      } catch (error) {
        if (!(error instanceof AsofError)) throw error;
        throw new AsofError(error.code, `row ${index}: ${error.message}`, { ...error.details, row: index }, error);
      }
  }
  return canonical;
}
