import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import type { Kind, Value } from "../schema/data-type.ts";
import { ExactSum } from "./exact-sum.ts";

/** How many values there are, and their exact sum: the state of sum and avg. */
export class NumberSum {
  count = 0;
  readonly sum = new ExactSum();

  merge(other: NumberSum): void {
    this.count += other.count;
    this.sum.merge(other.sum);
  }

  encode(out: ByteWriter): void {
    out.varint(this.count);
    if (this.count !== 0) this.sum.encode(out);
  }

  /** Adds what `encode` wrote. */
  mergeEncoded(input: ByteReader): void {
    const count = input.varint();
    this.count += count;
    if (count !== 0) this.sum.mergeEncoded(input);
  }

  static decode(input: ByteReader): NumberSum {
    const state = new NumberSum();
    state.count = input.varint();
    if (state.count !== 0) state.sum.decodeFrom(input);
    return state;
  }
}

/**
 * Writes a value of a kind as at most two doubles whose exact sum it is, into `parts`. Only an int64 beyond ±2^53
 * needs the second: the nearest double and what it is off by.
 */
export type Split = (value: Value) => void;

/** What `Split` leaves behind: reused, so read it at once. */
export const parts = { high: 0, low: 0 };

export function splitOf(kind: Kind): Split {
  switch (kind) {
    case "boolean":
      return (value) => {
        parts.high = value === true ? 1 : 0;
        parts.low = 0;
      };
    case "int64":
      return (value) => {
        const high = Number(value);
        parts.high = high;
        parts.low = Math.abs(high) < 2 ** 53 ? 0 : Number((value as bigint) - BigInt(high));
      };
    default:
      return (value) => {
        parts.high = value as number;
        parts.low = 0;
      };
  }
}
