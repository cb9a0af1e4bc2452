import { AsofError } from "../errors.ts";
import { compareStrings } from "../schema/compare.ts";
import * as calendar from "./calendar.ts";
import { roundHalfEven } from "./round-half-even.ts";

/** Lies outside int64, so that the range check that follows every int64 result reports it. */
const BEYOND_INT64 = 2n ** 63n;

/** The functions that generated code calls, each by this name. */
export const runtime = {
  ...calendar,
  compareStrings,
  roundHalfEven,

  /** The remainder with the sign of the divisor, as in mathematics: −7 modulo 3 is 2. */
  modulo(a: number, b: number): number {
    const rest = a % b;
    return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest + 0;
  },

  moduloInt64(a: bigint, b: bigint): bigint {
    const rest = a % b;
    return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
  },

  roundToInt64(x: number): bigint {
    const rounded = roundHalfEven(x);
    return rounded >= -(2 ** 63) && rounded < 2 ** 63 ? BigInt(rounded) : BEYOND_INT64;
  },

  /** The number of code points: what a person would count as characters, but for combining ones. */
  codePoints(text: string): number {
    let count = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0xdc00 || unit > 0xdfff) count++;
    }
    return count;
  },

  /**
   * The error of a result out of its kind's range, in row `row` of a batch, or in a row that only the caller can name.
   */
  overflow(op: string, kind: string, row: number | null): AsofError {
    return new AsofError("ASOF_OVERFLOW", `the result of ${op} is out of the range of ${kind}`, {
      operation: op,
      kind,
      ...(row === null ? {} : { row }),
    });
  },
};
