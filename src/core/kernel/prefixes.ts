import type { Column } from "../schema/column.ts";
import type { RecordTable, Sums } from "./aggregate-moments.ts";

/** The prefix sums of a table's slots, each made once for all that read it. */
export class Prefixes {
  readonly records: RecordTable;
  private readonly madeSums: Map<number, Sums | null>;
  private readonly madeCounts = new Map<number, Uint32Array | null>();

  constructor(records: RecordTable) {
    this.records = records;
    this.madeSums = new Map(records.sums);
  }

  /** By place p the sum of the values before it; null where that could leave the integers that doubles hold. */
  sums(slot: number): Sums | null {
    let sums = this.madeSums.get(slot);
    if (sums === undefined) this.madeSums.set(slot, (sums = prefixSums(this.records.slots[slot]!)));
    return sums;
  }

  /** By place p how many records before it contribute; null where all do. */
  counts(slot: number): Uint32Array | null {
    let counts = this.madeCounts.get(slot);
    const valid = this.records.slots[slot]?.valid ?? null;
    if (counts === undefined) this.madeCounts.set(slot, (counts = valid === null ? null : prefixCounts(valid)));
    return counts;
  }
}

/**
 * Of a column of whole numbers, by place the sum of those before it; null where that could leave ±2^53.
 * @param place where each row is to stand; each where it is, if it is left out
 */
export function prefixSums({ values, valid }: Column, place: Uint32Array | null = null): Sums | null {
  const numbers = values as Float64Array;
  let size = 0;
  for (let i = 0; i < numbers.length; i++) if (valid === null || valid[i] !== 0) size += Math.abs(numbers[i]);
  if (size > Number.MAX_SAFE_INTEGER) return null;
  const sums = size < 2 ** 31 ? new Int32Array(numbers.length + 1) : new Float64Array(numbers.length + 1);
  for (let i = 0; i < numbers.length; i++)
    if (valid === null || valid[i] !== 0) sums[(place === null ? i : place[i]) + 1] = numbers[i];
  let sum = 0;
  for (let i = 1; i < sums.length; i++) sums[i] = sum += sums[i];
  return sums;
}

function prefixCounts(valid: Uint8Array): Uint32Array {
  const counts = new Uint32Array(valid.length + 1);
  for (let i = 0; i < valid.length; i++) counts[i + 1] = counts[i] + (valid[i] === 0 ? 0 : 1);
  return counts;
}
