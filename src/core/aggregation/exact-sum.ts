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
/** The same of a sum that is one double and no whole number near zero. */
export const DOUBLE_SUM = 2;
const ONE_DOUBLE = DOUBLE_SUM;
const TWO_DOUBLES = 3;
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
  #nans = 0;
  #positives = 0;
  #negatives = 0;

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
    if (x - x === 0) this.add(-x);
    else this.#addSlowly(x, -1);
  }

  /** Adds everything that is in `other`, which stays as it is. */
  merge(other: ExactSum): void {
    this.#nans += other.#nans;
    this.#positives += other.#positives;
    this.#negatives += other.#negatives;
    if (other.#wide !== null) {
      this.#widen().addAll(other.#wide);
      return;
    }
    // Read first: `other` may be this sum itself.
    const hi = other.#hi;
    const lo = other.#lo;
    this.add(hi);
    if (lo !== 0) this.add(lo);
  }

  /** The sum rounded once, half to even. NaN and infinities add up as in IEEE 754; a zero sum is +0. */
  value(): number {
    if (this.#nans + this.#positives + this.#negatives !== 0) {
      if (this.#nans > 0 || (this.#positives > 0 && this.#negatives > 0)) return Number.NaN;
      return this.#positives > 0 ? Infinity : -Infinity;
    }
    return this.#wide === null ? this.#hi + this.#lo : this.#wide.round();
  }

  /** Whether no NaN and no infinity is in the sum. */
  isFinite(): boolean {
    return this.#nans === 0 && this.#positives === 0 && this.#negatives === 0;
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
    this.#hi = 0;
    this.#lo = 0;
    this.#wide = null;
    this.#nans = 0;
    this.#positives = 0;
    this.#negatives = 0;
  }

  copyFrom(other: ExactSum): void {
    this.#hi = other.#hi;
    this.#lo = other.#lo;
    this.#wide = other.#wide === null ? null : other.#wide.copy();
    this.#nans = other.#nans;
    this.#positives = other.#positives;
    this.#negatives = other.#negatives;
  }

  encode(out: ByteWriter): void {
    this.#canonicalise();
    const form = this.#form();
    out.u8(
      form |
        (this.#nans === 0 ? 0 : HAS_NAN) |
        (this.#positives === 0 ? 0 : HAS_POSITIVE) |
        (this.#negatives === 0 ? 0 : HAS_NEGATIVE),
    );
    if (form === INTEGER) out.zigzag(this.#hi);
    if (form === ONE_DOUBLE || form === TWO_DOUBLES) out.f64(this.#hi);
    if (form === TWO_DOUBLES) out.f64(this.#lo);
    if (form === WIDE) this.#wide!.encode(out);
    if (this.#nans !== 0) out.varint(this.#nans);
    if (this.#positives !== 0) out.varint(this.#positives);
    if (this.#negatives !== 0) out.varint(this.#negatives);
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
    if ((head & HAS_NAN) !== 0) this.#nans = positive(input);
    if ((head & HAS_POSITIVE) !== 0) this.#positives = positive(input);
    if ((head & HAS_NEGATIVE) !== 0) this.#negatives = positive(input);
  }

  #form(): number {
    if (this.#wide !== null) return WIDE;
    if (this.#lo !== 0) return TWO_DOUBLES;
    if (this.#hi === 0) return ZERO;
    return Math.abs(this.#hi) < MAX_INTEGER && Math.floor(this.#hi) === this.#hi ? INTEGER : ONE_DOUBLE;
  }

  #addSlowly(x: number, times: 1 | -1): void {
    if (x - x === 0) this.#addFinite(x);
    else if (x === Infinity) this.#positives += times;
    else if (x === -Infinity) this.#negatives += times;
    else this.#nans += times;
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

function positive(input: ByteReader): number {
  const count = input.varint();
  if (count === 0) throw corrupt();
  return count;
}

function corrupt(): AsofError {
  return new AsofError("ASOF_CORRUPT", "a stored sum is not in its canonical form", {});
}
