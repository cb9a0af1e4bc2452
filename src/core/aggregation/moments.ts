import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { addDyadic, multiplyDyadic, roundRatio } from "./dyadic.ts";
import { twoProduct, twoSum } from "./error-free.ts";
import { ExactSum } from "./exact-sum.ts";
import { SquareSum } from "./square-sum.ts";

const MIN = 2 ** -700;
const MAX = 2 ** 900;
/** The relative error of an evaluation in two doubles, generously. */
const ERROR = 2 ** -96;

/** How many values there are, their exact sum and the exact sum of their squares: the state of var and stddev. */
export class Moments {
  count = 0;
  readonly sum = new ExactSum();
  squares = new SquareSum();

  /** Adds the value high + low, or takes it away. `low` is 0 or, where `high` is beyond ±2^53, its rounding error. */
  add(high: number, low: number, sign: 1 | -1): void {
    this.count += sign;
    if (sign === 1) this.sum.add(high);
    else this.sum.subtract(high);
    if (high - high !== 0) return;
    this.squares.addSquare(high, sign);
    if (low === 0) return;
    this.sum.add(sign * low);
    this.squares.addProduct(high, 2 * low, sign);
    this.squares.addProduct(low, low, sign);
  }

  merge(other: Moments): void {
    this.count += other.count;
    this.sum.merge(other.sum);
    this.squares.merge(other.squares);
  }

  /**
   * The sample variance (nΣx² − (Σx)²) / (n(n − 1)), rounded once, half to even. Null below two values; NaN where one
   * is not finite.
   */
  variance(): number | null {
    if (this.count < 2) return null;
    if (!this.sum.isFinite()) return Number.NaN;
    return this.#quickVariance() ?? this.#exactVariance();
  }

  encode(out: ByteWriter): void {
    out.varint(this.count);
    if (this.count === 0) return;
    this.sum.encode(out);
    this.squares.encode(out);
  }

  static decode(input: ByteReader): Moments {
    const state = new Moments();
    state.count = input.varint();
    if (state.count === 0) return state;
    state.sum.decodeFrom(input);
    state.squares = SquareSum.decode(input);
    return state;
  }

  #exactVariance(): number {
    const n = BigInt(this.count);
    const sum = this.sum.toDyadic();
    const squares = this.squares.toDyadic();
    const less = multiplyDyadic(sum, sum);
    const numerator = addDyadic(
      { mantissa: n * squares.mantissa, exponent: squares.exponent },
      { mantissa: -less.mantissa, exponent: less.exponent },
    );
    return roundRatio(numerator, n * (n - 1n));
  }

  /**
   * The same in about a hundred bits, with a bound on the error; where that bound does not tell which double is
   * nearest, with an exact numerator; undefined where that is of no help either, or a number is beyond the range in
   * which the bound holds.
   */
  #quickVariance(): number | undefined {
    const { count: n, sum, squares } = this;
    if (n >= 2 ** 26 || !squares.isPlain()) return undefined;
    const { rounded, errors } = squares;
    if (!sum.canonicalise() || !rounded.canonicalise() || !errors.canonicalise()) return undefined;
    const scale = n * rounded.high;
    if (scale === 0) return 0;
    if (!(scale > MIN && scale < MAX)) return undefined;

    // nΣx² = p + pe + pt and (Σx)² = q + qe + qt. The tails pt and qt are below 2^−50 · scale, and so is every
    // rounding error made in them and in `rest` below 2^−101 · scale.
    const [p, pe] = twoProduct(n, rounded.high);
    const [q, qe] = twoProduct(sum.high, sum.high);
    const pt = n * rounded.low + n * errors.high;
    const qt = sum.low * (2 * sum.high + sum.low);
    const [d, de] = twoSum(p, -q);
    const rest = de + (pe - qe) + (pt - qt);
    const [high, low] = twoSum(d, rest);
    const denominator = n * (n - 1);
    const quick = nearestQuotient(high, low, denominator, scale * ERROR);
    if (quick !== undefined) return quick;

    const numerator = new ExactSum();
    for (const part of [rounded.high, rounded.low, errors.high, errors.low]) addProduct(numerator, n, part);
    addProduct(numerator, sum.high, -sum.high);
    addProduct(numerator, sum.high, -2 * sum.low);
    addProduct(numerator, sum.low, -sum.low);
    if (!numerator.canonicalise()) return undefined;
    return nearestQuotient(numerator.high, numerator.low, denominator, numerator.high * ERROR);
  }
}

/**
 * The double nearest to (high + low ± error) / denominator, if that is the same over the whole interval (Ziv, "Fast
 * evaluation of elementary mathematical functions with correctly rounded last bit", 1991).
 */
function nearestQuotient(high: number, low: number, denominator: number, error: number): number | undefined {
  const quotient = high / denominator;
  const [product, productError] = twoProduct(quotient, denominator);
  const correction = (high - product - productError + low) / denominator;
  const bound = error / denominator;
  const result = quotient + (correction - bound);
  return result === quotient + (correction + bound) ? result : undefined;
}

function addProduct(sum: ExactSum, a: number, b: number): void {
  if (b === 0) return;
  const [product, error] = twoProduct(a, b);
  sum.add(product);
  if (error !== 0) sum.add(error);
}
