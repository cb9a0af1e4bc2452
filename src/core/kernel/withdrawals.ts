import { RunSorter } from "./group.ts";

/** When records were withdrawn, by their places in a table. A table in which none ever was has no such thing. */
export interface Withdrawals {
  /** By place: visible at no t above it. Infinity where the record was never withdrawn. */
  readonly at: Float64Array;
  /** For each key its places by ascending `at`. */
  readonly order: Uint32Array;
}

/** Null where no record was withdrawn. Key k has the places [first[k], first[k + 1]). */
export function withdrawalsOf(first: Uint32Array, at: Float64Array): Withdrawals | null {
  if (at.every((time) => time === Infinity)) return null;
  const order = Uint32Array.from(at, (_, place) => place);
  const sorter = new RunSorter();
  for (let k = 0; k + 1 < first.length; k++) sorter.sort(order, first[k], first[k + 1], at);
  return { at, order };
}
