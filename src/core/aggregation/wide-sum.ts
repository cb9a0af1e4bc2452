import { AsofError } from "../errors.ts";
import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { highWord, lowWordOfLast, powerOfTwo } from "./double-bits.ts";
import { addDyadic, type Dyadic } from "./dyadic.ts";

const RADIX = 2 ** 32;
/** Limb i weighs 2^(32i − BIAS): limb 0 begins below the least bit of a double, 2^−1074. */
const BIAS = 1088;
/** Additions after which carries are propagated: 2^20 · 2^32 leaves a limb well below 2^53. */
const MAX_ADDITIONS = 2 ** 20;
/** Above 2^6300 no sum of doubles lies; a stored one that claims to is damaged. */
const MAX_LIMBS = 232;

/**
 * An exact sum of finite doubles of any magnitudes: a fixed-point number in base 2^32 that holds only the limbs in
 * use, each a double with room for carries, so that an addition touches three of them and propagates nothing.
 * After Neal, "Fast exact summation using small and large superaccumulators", 2015 (arXiv:1505.05571).
 */
export class WideSum {
  #limbs: number[] = [0, 0, 0];
  /** The index of the first limb held. */
  #base = -1;
  #additions = 0;

  /** @param x finite */
  add(x: number): void {
    const high = highWord(x);
    const low = lowWordOfLast();
    const biased = (high >>> 20) & 0x7ff;
    const top = biased === 0 ? high & 0xfffff : (high & 0xfffff) | 0x100000;
    const bit = (biased === 0 ? 1 : biased) + (BIAS - 1075);
    if (this.#additions >= MAX_ADDITIONS) this.#carry();
    this.#additions++;
    this.#cover(bit >>> 5, (bit >>> 5) + 3);
    const limbs = this.#limbs;
    const i = (bit >>> 5) - this.#base;
    const shift = bit & 31;
    const a = (low << shift) >>> 0;
    const b = (((low >>> 1) >>> (31 - shift)) | (top << shift)) >>> 0;
    const c = (top >>> 1) >>> (31 - shift);
    if (x < 0) {
      limbs[i] -= a;
      limbs[i + 1] -= b;
      limbs[i + 2] -= c;
    } else {
      limbs[i] += a;
      limbs[i + 1] += b;
      limbs[i + 2] += c;
    }
  }

  addAll(other: WideSum): void {
    if (other.#base < 0) return;
    if (this.#additions + other.#additions > MAX_ADDITIONS) {
      this.#carry();
      other.#carry();
    }
    this.#additions += other.#additions;
    const count = other.#limbs.length;
    this.#cover(other.#base, other.#base + count);
    const shift = other.#base - this.#base;
    for (let i = 0; i < count; i++) this.#limbs[i + shift] += other.#limbs[i];
  }

  copy(): WideSum {
    const copy = new WideSum();
    copy.#limbs = this.#limbs.slice();
    copy.#base = this.#base;
    copy.#additions = this.#additions;
    return copy;
  }

  isZero(): boolean {
    this.#carry();
    return this.#limbs.every((limb) => limb === 0);
  }

  /** The sum rounded once, half to even; ±Infinity where it rounds beyond the doubles; zero is +0. */
  round(): number {
    const { negative, limbs } = this.#magnitude();
    let top = limbs.length - 1;
    while (top >= 0 && limbs[top] === 0) top--;
    if (top < 0) return 0;
    const a = limbs[top];
    const b = top >= 1 ? limbs[top - 1] : 0;
    let c = top >= 2 ? limbs[top - 2] : 0;
    // What lies below the three limbs can only break a tie, and c's last bit lies below any rounding position.
    for (let i = top - 3; i >= 0 && c % 2 === 0; i--) if (limbs[i] !== 0) c++;
    // Two doubles, exact both, so that their addition is the one rounding.
    const leading = a * 2 ** 21 + (b >>> 11);
    const rounded = leading * 2 ** 43 + ((b & 0x7ff) * RADIX + c);
    const weight = 32 * (this.#base + top - 2) - BIAS;
    // Scaling is exact: a normal number keeps its bits, and a subnormal one had none to lose.
    const scaled =
      weight < -1000
        ? rounded * powerOfTwo(-128) * powerOfTwo(weight + 128)
        : weight > 1023
          ? Infinity
          : rounded * powerOfTwo(weight);
    return negative ? -scaled : scaled;
  }

  toDyadic(): Dyadic {
    let sum: Dyadic = { mantissa: 0n, exponent: 32 * this.#base - BIAS };
    this.#limbs.forEach((limb, i) => {
      sum = addDyadic(sum, { mantissa: BigInt(limb), exponent: 32 * (this.#base + i) - BIAS });
    });
    return sum;
  }

  /** Sign and magnitude between the first and the last limb that are not zero: unique to the sum. */
  encode(out: ByteWriter): void {
    const { negative, limbs } = this.#magnitude();
    let end = limbs.length;
    while (end > 0 && limbs[end - 1] === 0) end--;
    let start = 0;
    while (start < end && limbs[start] === 0) start++;
    out.varint((end - start) * 2 + (negative ? 1 : 0));
    out.varint(start === end ? 0 : this.#base + start);
    for (let i = start; i < end; i++) out.u32(limbs[i]);
  }

  static decode(input: ByteReader): WideSum {
    const header = input.varint();
    const base = input.varint();
    const count = Math.floor(header / 2);
    if (count + base > MAX_LIMBS) throw new AsofError("ASOF_CORRUPT", "a stored sum is out of any range", {});
    const sum = new WideSum();
    if (count === 0) return sum;
    sum.#base = base;
    sum.#additions = 1;
    const sign = header % 2 === 1 ? -1 : 1;
    sum.#limbs = Array.from({ length: count }, () => sign * input.u32());
    while (sum.#limbs.length < 3) sum.#limbs.push(0);
    return sum;
  }

  /** Makes room for the limbs from `start` to before `end`. */
  #cover(start: number, end: number): void {
    if (start >= this.#base && end <= this.#base + this.#limbs.length && this.#base >= 0) return;
    if (this.#base < 0) {
      this.#base = start;
      this.#limbs = Array<number>(end - start).fill(0);
      return;
    }
    const base = Math.min(start, this.#base);
    const limbs = Array<number>(Math.max(end, this.#base + this.#limbs.length) - base).fill(0);
    this.#limbs.forEach((limb, i) => (limbs[this.#base - base + i] = limb));
    this.#base = base;
    this.#limbs = limbs;
  }

  /** Brings all limbs but the last into [0, 2^32); the last one carries the sign. The sum stays the same. */
  #carry(): void {
    const limbs = this.#limbs;
    let carry = 0;
    for (let i = 0; i < limbs.length; i++) {
      const limb = limbs[i] + carry;
      carry = Math.floor(limb / RADIX);
      limbs[i] = limb - carry * RADIX;
    }
    if (carry === -1) limbs[limbs.length - 1] -= RADIX;
    else if (carry !== 0) limbs.push(carry);
    this.#additions = 1;
  }

  /** Sign and absolute value, its limbs in [0, 2^32). */
  #magnitude(): { readonly negative: boolean; readonly limbs: number[] } {
    this.#carry();
    const limbs = this.#limbs.slice();
    const negative = limbs[limbs.length - 1] < 0;
    if (negative) {
      let carry = 0;
      for (let i = 0; i < limbs.length; i++) {
        const limb = carry - limbs[i];
        carry = Math.floor(limb / RADIX);
        limbs[i] = limb - carry * RADIX;
      }
      if (carry !== 0) limbs.push(carry);
    }
    return { negative, limbs };
  }
}
