import { AsofError } from "../errors.ts";
import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { powerOfTwo } from "./double-bits.ts";
import { addDyadic, type Dyadic } from "./dyadic.ts";
import { twoProduct } from "./error-free.ts";
import { ExactSum } from "./exact-sum.ts";

/** Between these magnitudes a square and its rounding error are both doubles, so that the product is exact. */
const MIN = powerOfTwo(-480);
const MAX = powerOfTwo(480);
const SCALE = 600;
const UP = powerOfTwo(SCALE);
const DOWN = powerOfTwo(-SCALE);

const SMALL = 1;
const LARGE = 2;

/**
 * The exact sum of products of doubles. A product p·q is RN(p·q) + e, where the error e is a double as well. Both are functions of the factors, so
 * the two sums of them depend only on the multiset of products, each in a form of its own: kept apart, both mostly
 * fit two doubles where their total would not.
 *
 * Factors so large or small that a product or its error would leave the range of doubles are scaled by a power of
 * two and summed apart; their own magnitude alone decides, so the law holds for these sums as well.
 */
export class SquareSum {
  readonly rounded = new ExactSum();
  readonly errors = new ExactSum();
  #small: SquareSum | null = null;
  #large: SquareSum | null = null;

  /** Adds x², x finite; or takes it away. */
  addSquare(x: number, sign: 1 | -1): void {
    const magnitude = Math.abs(x);
    if (magnitude > MAX) this.#largeSum().addSquare(x * DOWN, sign);
    else if (magnitude < MIN && x !== 0) this.#smallSum().addSquare(x * UP, sign);
    else this.addProduct(x, x, sign);
  }

  /** Adds p·q, both zero or of a magnitude between 2^−480 and 2^480; or takes it away. */
  addProduct(p: number, q: number, sign: 1 | -1): void {
    const [product, error] = twoProduct(p, q);
    this.rounded.add(sign * product);
    if (error !== 0) this.errors.add(sign * error);
  }

  merge(other: SquareSum): void {
    this.rounded.merge(other.rounded);
    this.errors.merge(other.errors);
    if (other.#small !== null) this.#smallSum().merge(other.#small);
    if (other.#large !== null) this.#largeSum().merge(other.#large);
  }

  /** Whether no product needed scaling. */
  isPlain(): boolean {
    return this.#small === null && this.#large === null;
  }

  toDyadic(): Dyadic {
    let sum = addDyadic(this.rounded.toDyadic(), this.errors.toDyadic());
    if (this.#small !== null) sum = addDyadic(sum, shift(this.#small.toDyadic(), -2 * SCALE));
    if (this.#large !== null) sum = addDyadic(sum, shift(this.#large.toDyadic(), 2 * SCALE));
    return sum;
  }

  encode(out: ByteWriter): void {
    // What has been removed again must leave no trace.
    if (this.#small?.isZero() === true) this.#small = null;
    if (this.#large?.isZero() === true) this.#large = null;
    out.u8((this.#small === null ? 0 : SMALL) | (this.#large === null ? 0 : LARGE));
    this.rounded.encode(out);
    this.errors.encode(out);
    this.#small?.encode(out);
    this.#large?.encode(out);
  }

  static decode(input: ByteReader, nested = false): SquareSum {
    const sum = new SquareSum();
    const head = input.u8();
    if (head > (nested ? 0 : SMALL | LARGE))
      throw new AsofError("ASOF_CORRUPT", "stored bytes hold no sum of squares", {});
    sum.rounded.decodeFrom(input);
    sum.errors.decodeFrom(input);
    if ((head & SMALL) !== 0) sum.#small = SquareSum.decode(input, true);
    if ((head & LARGE) !== 0) sum.#large = SquareSum.decode(input, true);
    return sum;
  }

  /** Squares are never negative, so that their sum is zero only where all of them are. */
  isZero(): boolean {
    return this.rounded.value() === 0;
  }

  #smallSum(): SquareSum {
    return (this.#small ??= new SquareSum());
  }

  #largeSum(): SquareSum {
    return (this.#large ??= new SquareSum());
  }
}

function shift(number: Dyadic, exponent: number): Dyadic {
  return { mantissa: number.mantissa, exponent: number.exponent + exponent };
}
