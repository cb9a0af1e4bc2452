import type { DataType, Value } from "../../core/schema/data-type.ts";
import type { Random } from "./random.ts";

/** Doubles at the edges where sums go wrong: the ends of the range, subnormals, cancellation, ties of rounding. */
const edges = [
  5e-324,
  -5e-324,
  2 ** -1022,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  1e308,
  -1e308,
  2 ** 970,
  -(2 ** 970),
  2 ** 53,
  -(2 ** 53),
  2 ** 53 + 2,
  1 + 2 ** -52,
  2 ** -53,
  -(2 ** -53),
  1e16,
  -1e16,
  1e-16,
  0.1,
  0,
];
const texts = ["", "a", "b", "ab", "é", "\uFFFF", "\u{10000}", "'", "%"];
const wide = [0n, 1n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];

/** A value of a field that is no key: ordinary mostly, at the edges of its type now and then. */
export function valueOf(random: Random, type: DataType, extreme: boolean): Value {
  if (type.nullable && random.chance(0.15)) return null;
  switch (type.kind) {
    case "string":
      return random.pick(texts);
    case "boolean":
      return random.chance(0.5);
    case "int32":
      if (extreme && random.chance(0.05)) return random.pick([2147483647, -2147483648]);
      return random.chance(0.7) ? random.whole(-20, 60) : random.whole(-1000, 1000);
    case "int64":
      return extreme && random.chance(0.1) ? random.pick(wide) : BigInt(random.whole(-50, 1000));
    case "float64":
      if (type.nonFinite === true && random.chance(0.03)) return random.pick([Number.NaN, Infinity, -Infinity]);
      if (extreme && random.chance(0.1)) return random.pick(edges);
      return random.chance(0.7) ? random.whole(-10_000, 100_000) / 100 + 0 : (random.next() - 0.5) * 1e6;
    case "timestamp":
      return random.whole(0, 1_000_000_000_000_000);
    default:
      return type.kind satisfies never;
  }
}
