import { AsofError } from "../errors.ts";
import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { addDyadic, type Dyadic, dyadicOf } from "./dyadic.ts";
import { twoSum } from "./error-free.ts";
import { WideSum } from "./wide-sum.ts";

/** How the finite sum is stored: the first of these that holds it, so that equal sums have equal bytes. */
const ZERO = 0;
const INTEGER = 1;
/** The form of a whole sum, which is a zigzag varint, where neither NaN nor an infinity is in it. */
export const WHOLE_SUM = INTEGER;
/** The same of a sum that is zero, of which nothing follows. */
export const ZERO_SUM = ZERO;
/** The same of a sum that is one double and no whole number near zero. */
export const DOUBLE_SUM = 2;
const ONE_DOUBLE = DOUBLE_SUM;
/** The same of a sum that is two doubles. */
export const PAIR_SUM = 3;
const TWO_DOUBLES = PAIR_SUM;
const WIDE = 4;
const HAS_NAN = 8;
const HAS_POSITIVE = 16;
const HAS_NEGATIVE = 32;
/** Whole sums below this take at most five bytes as a varint. */
const MAX_INTEGER = 2 ** 34;

/**
 * The exact sum of a multiset of doubles, NaN and infinities included: the same state and the same bytes by
 * whatever path of additions, subtractions and merges, rounded only when asked for its value.
 *
 * The finite part v is held as two doubles while they suffice: v = hi + lo, exactly. `add` keeps that by two
 * error-free additions (Knuth, TAOCP 2, §4.2.2, TwoSum: a + b = RN(a + b) + e, where the error e is a double):
 * hi + x = s + e and lo + e = t + r. Where r = 0, v + x = s + t exactly. Where r ≠ 0, the pair is normalised and the
 * addition tried once more; failing that, v moves to a `WideSum`, and back when it is encoded and two doubles do.
 *
 * The canonical form is the normalised pair: hi = RN(v), the double nearest to v, ties to even, and lo = v − hi. RN
 * is a function and the difference is exact, so every v has at most one such pair; TwoSum(hi, lo) finds it from any
 * pair with that sum. Which of both representations v is in while it is being added to therefore leaves no trace.
 */
export class ExactSum {
  /** NaN while the finite part is in #wide, which leads every addition off the fast path. */
  #hi = 0;
  #lo = 0;
  #wide: WideSum | null = null;
  #unusual: Unusual | null = null;

  /** Adds a double. */
  add(x: number): void {
    const hi = this.#hi;
    const lo = this.#lo;
    const s = hi + x;
    const x1 = s - hi;
    const e = hi - (s - x1) + (x - x1);
    const t = lo + e;
    // Exact sums pass both tests; the one against the larger of lo and e fails wherever there is an error (Dekker's
    // FastTwoSum: larger − (t − smaller) is exact). Overflow, NaN and ±∞ make e a NaN and fail too.
    if (t - lo === e && t - e === lo) {
      this.#hi = s;
      this.#lo = t;
    } else this.#addSlowly(x, 1);
  }

  /** Takes away a double that was added. */
  subtract(x: number): void {
    // `add` of −x, with a fast path of its own.
    const hi = this.#hi;
    const lo = this.#lo;
    const s = hi - x;
    const x1 = s - hi;
    const e = hi - (s - x1) - (x + x1);
    const t = lo + e;
    if (t - lo === e && t - e === lo) {
      this.#hi = s;
      this.#lo = t;
    } else if (x - x === 0) this.#addSlowly(-x, 1);
    else this.#addSlowly(x, -1);
  }

  /** Adds the doubles at [from, until): faster than `add` of each, as nothing is kept in memory between them. */
  addAll(values: Float64Array, from = 0, until = values.length): void {
    let i = from;
    while (i < until) {
      i = this.#addPairwise(values, i, until);
      for (const end = Math.min(i + 2, until); i < end; i++) this.add(values[i]);
    }
  }

  /** Adds everything that is in `other`, which stays as it is. */
  merge(other: ExactSum): void {
    if (other.#unusual !== null) this.#unusual = (this.#unusual ?? NOTHING_UNUSUAL).plus(other.#unusual);
    // Read first: `other` may be this sum itself.
    const x = other.#hi;
    const y = other.#lo;
    const hi = this.#hi;
    const lo = this.#lo;
    const s = hi + x;
    const x1 = s - hi;
    const e = hi - (s - x1) + (x - x1);
    const u = lo + y;
    const t = u + e;
    // As in `add`, for both of the additions below the first.
    if (u - lo === y && u - y === lo && t - u === e && t - e === u) {
      this.#hi = s;
      this.#lo = t;
    } else if (other.#wide !== null) this.#widen().addAll(other.#wide);
    else {
      this.add(x);
      if (y !== 0) this.add(y);
    }
  }

  /** The sum rounded once, half to even. NaN and infinities add up as in IEEE 754; a zero sum is +0. */
  value(): number {
    const sum = this.#hi + this.#lo;
    if (sum - sum === 0 && this.#unusual === null) return sum;
    if (this.#unusual !== null) return this.#unusual.value();
    return this.#wide === null ? sum : this.#wide.round();
  }

  /** Whether no NaN and no infinity is in the sum. */
  isFinite(): boolean {
    return this.#unusual === null;
  }

  /** Brings the finite part into its canonical form. Whether that is a pair of doubles, `high` and `low`. */
  canonicalise(): boolean {
    this.#canonicalise();
    return this.#wide === null;
  }

  /** After `canonicalise`: the double nearest to the finite part. */
  get high(): number {
    return this.#hi;
  }

  /** After `canonicalise`: the finite part less `high`, exactly. */
  get low(): number {
    return this.#lo;
  }

  /** The finite part, exactly. */
  toDyadic(): Dyadic {
    return this.#wide === null ? addDyadic(dyadicOf(this.#hi), dyadicOf(this.#lo)) : this.#wide.toDyadic();
  }

  clear(): void {
    this.assign(0);
  }

  /** Replaces the sum by a finite double. */
  assign(x: number): void {
    this.#hi = x;
    this.#lo = 0;
    this.#wide = null;
    this.#unusual = null;
  }

  copyFrom(other: ExactSum): void {
    this.#hi = other.#hi;
    this.#lo = other.#lo;
    this.#wide = other.#wide === null ? null : other.#wide.copy();
    this.#unusual = other.#unusual;
  }

  encode(out: ByteWriter): void {
    this.#canonicalise();
    const form = this.#form();
    const { nans, positives, negatives } = this.#unusual ?? NOTHING_UNUSUAL;
    out.u8(
      form | (nans === 0 ? 0 : HAS_NAN) | (positives === 0 ? 0 : HAS_POSITIVE) | (negatives === 0 ? 0 : HAS_NEGATIVE),
    );
    if (form === INTEGER) out.zigzag(this.#hi);
    if (form === ONE_DOUBLE || form === TWO_DOUBLES) out.f64(this.#hi);
    if (form === TWO_DOUBLES) out.f64(this.#lo);
    if (form === WIDE) this.#wide!.encode(out);
    if (nans !== 0) out.varint(nans);
    if (positives !== 0) out.varint(positives);
    if (negatives !== 0) out.varint(negatives);
  }

  /** Adds a stored sum. @throws AsofError ASOF_CORRUPT */
  mergeEncoded(input: ByteReader): void {
    const head = input.u8();
    if (head === ZERO) return;
    if (head === INTEGER) {
      const whole = input.zigzag();
      if (whole === 0 || Math.abs(whole) >= MAX_INTEGER) throw corrupt();
      this.add(whole);
      return;
    }
    if (head === ONE_DOUBLE || head === TWO_DOUBLES) {
      const high = input.f64();
      const low = head === TWO_DOUBLES ? input.f64() : 0;
      const isShorter =
        low === 0 && (head === TWO_DOUBLES || (Math.abs(high) < MAX_INTEGER && Math.floor(high) === high));
      if (isShorter || high + low !== high || high - high !== 0) throw corrupt();
      this.add(high);
      if (low !== 0) this.add(low);
      return;
    }
    const other = new ExactSum();
    other.#decodeAfter(head, input);
    this.merge(other);
  }

  /** Replaces the sum by a stored one. @throws AsofError ASOF_CORRUPT */
  decodeFrom(input: ByteReader): void {
    this.clear();
    this.#decodeAfter(input.u8(), input);
  }

  #decodeAfter(head: number, input: ByteReader): void {
    if (head >= 2 * HAS_NEGATIVE) throw corrupt();
    const form = head & 7;
    if (form === INTEGER) this.#hi = input.zigzag();
    else if (form === ONE_DOUBLE || form === TWO_DOUBLES) this.#hi = input.f64();
    else if (form === WIDE) {
      this.#wide = WideSum.decode(input);
      this.#hi = Number.NaN;
    } else if (form !== ZERO) throw corrupt();
    if (form === TWO_DOUBLES) this.#lo = input.f64();
    const sum = this.#hi + this.#lo;
    if (form === WIDE) this.#canonicalise();
    else if (sum !== this.#hi || !Number.isFinite(sum)) throw corrupt();
    if (this.#form() !== form) throw corrupt();
    const counted = (flag: number): number => ((head & flag) === 0 ? 0 : positive(input));
    if (head >= HAS_NAN) this.#unusual = new Unusual(counted(HAS_NAN), counted(HAS_POSITIVE), counted(HAS_NEGATIVE));
  }

  #form(): number {
    if (this.#wide !== null) return WIDE;
    if (this.#lo !== 0) return TWO_DOUBLES;
    if (this.#hi === 0) return ZERO;
    return Math.abs(this.#hi) < MAX_INTEGER && Math.floor(this.#hi) === this.#hi ? INTEGER : ONE_DOUBLE;
  }

  /**
   * Adds values as far as `add` would take its fast path, and says how far that is. Two sums at a time, as each waits
   * for its last addition; which value is in which does not show in their total.
   */
  #addPairwise(values: Float64Array, from: number, until: number): number {
    let hi = this.#hi;
    let lo = this.#lo;
    let otherHi = 0;
    let otherLo = 0;
    let i = from;
    for (; i + 1 < until; i += 2) {
      const x = values[i];
      const y = values[i + 1];
      // The error of an addition from the larger term (Dekker), or a NaN.
      const s = hi + x;
      const e = Math.abs(hi) >= Math.abs(x) ? x - (s - hi) : hi - (s - x);
      const t = lo + e;
      const otherS = otherHi + y;
      const otherE = Math.abs(otherHi) >= Math.abs(y) ? y - (otherS - otherHi) : otherHi - (otherS - y);
      const otherT = otherLo + otherE;
      if (t - lo !== e || t - e !== lo || otherT - otherLo !== otherE || otherT - otherE !== otherLo) break;
      hi = s;
      lo = t;
      otherHi = otherS;
      otherLo = otherT;
    }
    this.#hi = hi;
    this.#lo = lo;
    if (otherHi !== 0) this.add(otherHi);
    if (otherLo !== 0) this.add(otherLo);
    return i;
  }

  #addSlowly(x: number, times: 1 | -1): void {
    if (x - x === 0) return this.#addFinite(x);
    const unusual = (this.#unusual ?? NOTHING_UNUSUAL).with(x, times);
    this.#unusual = unusual.isNothing() ? null : unusual;
  }

  #addFinite(x: number): void {
    if (this.#wide === null) {
      this.#normalise();
      const [s, e] = twoSum(this.#hi, x);
      const [t, r] = twoSum(this.#lo, e);
      if (r === 0) {
        this.#hi = s;
        this.#lo = t;
        return;
      }
    }
    this.#widen().add(x);
  }

  #widen(): WideSum {
    if (this.#wide !== null) return this.#wide;
    this.#wide = new WideSum();
    this.#wide.add(this.#hi);
    this.#wide.add(this.#lo);
    this.#hi = Number.NaN;
    this.#lo = 0;
    return this.#wide;
  }

  /** Brings the pair into its canonical form, where the sum is a double's size. */
  #normalise(): void {
    const [hi, lo] = twoSum(this.#hi, this.#lo);
    if (lo - lo !== 0) return;
    this.#hi = hi;
    this.#lo = lo;
  }

  /** The canonical representation: the normalised pair, or wide where no two doubles hold the sum. */
  #canonicalise(): void {
    if (this.#wide === null) {
      this.#normalise();
      // Within the doubles, but rounding beyond them.
      if (!Number.isFinite(this.#hi + this.#lo)) this.#widen();
      return;
    }
    const hi = this.#wide.round();
    if (!Number.isFinite(hi)) return;
    const rest = this.#wide.copy();
    rest.add(-hi);
    const lo = rest.round();
    rest.add(-lo);
    if (!rest.isZero()) return;
    this.#wide = null;
    this.#hi = hi;
    this.#lo = lo;
  }
}

/** How often what is not finite is in a sum. Not to be changed: sums share it. */
class Unusual {
  readonly nans: number;
  readonly positives: number;
  readonly negatives: number;

  constructor(nans: number, positives: number, negatives: number) {
    this.nans = nans;
    this.positives = positives;
    this.negatives = negatives;
  }

  with(x: number, times: 1 | -1): Unusual {
    const { nans, positives, negatives } = this;
    if (x === Infinity) return new Unusual(nans, positives + times, negatives);
    if (x === -Infinity) return new Unusual(nans, positives, negatives + times);
    return new Unusual(nans + times, positives, negatives);
  }

  plus({ nans, positives, negatives }: Unusual): Unusual {
    return new Unusual(this.nans + nans, this.positives + positives, this.negatives + negatives);
  }

  isNothing(): boolean {
    return this.nans === 0 && this.positives === 0 && this.negatives === 0;
  }

  /** What a sum with them is, whatever the rest of it. */
  value(): number {
    if (this.nans > 0 || (this.positives > 0 && this.negatives > 0)) return Number.NaN;
    return this.positives > 0 ? Infinity : -Infinity;
  }
}

const NOTHING_UNUSUAL = new Unusual(0, 0, 0);

function positive(input: ByteReader): number {
  const count = input.varint();
  if (count === 0) throw corrupt();
  return count;
}

function corrupt(): AsofError {
  return new AsofError("ASOF_CORRUPT", "a stored sum is not in its canonical form", {});
}
