import { AsofError } from "../errors.ts";
import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { highWord, powerOfTwo } from "./double-bits.ts";

/** Magnitudes from here on have a bucket of their own size, smaller ones count as zero: the normal float32 range. */
const MIN_EXPONENT = -126;
/** From 2^128 on magnitudes count as infinite, as they are for a model that computes in float32. */
const OCTAVES = 128 - MIN_EXPONENT;

/**
 * Counts of numbers in buckets whose width is in proportion to their distance from zero: a DDSketch (Masson, Rim,
 * Lee, VLDB 2019) with fixed limits that never collapses buckets. Each power of two is cut into 2^bits buckets of
 * equal width, so that the bucket is read off the number's exponent and leading fraction bits, with no logarithm
 * whose last digit depends on the machine. A function of the multiset, and a group: each count goes up and down.
 *
 * Buckets are numbered in the order of their numbers: −∞ and beyond, negative ones, zero, positive ones, ∞, NaN.
 */
export class QuantileSketch {
  readonly #bits: number;
  readonly #beyond: number;
  /** Buckets that count something, ascending. */
  readonly #buckets: number[] = [];
  readonly #counts: number[] = [];
  #total = 0;

  /** @param bits the relative error of a quantile is at most 2^−(bits + 1) */
  constructor(bits: number) {
    this.#bits = bits;
    this.#beyond = OCTAVES * 2 ** bits + 1;
  }

  get total(): number {
    return this.#total;
  }

  /** Counts a number `times` times; below zero takes it away. */
  add(x: number, times: number): void {
    this.#count(this.#bucketOf(x), times);
  }

  merge(other: QuantileSketch): void {
    for (let i = 0; i < other.#buckets.length; i++) this.#count(other.#buckets[i], other.#counts[i]);
  }

  /**
   * The middle of the bucket that holds the number of rank ⌊q(n − 1)⌋, counting from 0. Null where there is none.
   * @param q 0 to 1
   */
  quantile(q: number): number | null {
    if (this.#total === 0) return null;
    let rank = Math.floor(q * (this.#total - 1));
    let i = 0;
    while (rank >= this.#counts[i]) rank -= this.#counts[i++];
    return this.#valueOf(this.#buckets[i]);
  }

  /** The buckets that count something, in the order of their numbers, with their counts: valid until the next change. */
  counts(): { readonly buckets: readonly number[]; readonly counts: readonly number[] } {
    return { buckets: this.#buckets, counts: this.#counts };
  }

  /** The middle of each of these buckets with its count, ascending; NaN last. */
  *middles(): Generator<readonly [value: number, count: number]> {
    for (let i = 0; i < this.#buckets.length; i++) yield [this.#valueOf(this.#buckets[i]), this.#counts[i]];
  }

  encode(out: ByteWriter): void {
    out.varint(this.#buckets.length);
    let last = 0;
    for (let i = 0; i < this.#buckets.length; i++) {
      out.zigzag(this.#buckets[i] - last);
      out.varint(this.#counts[i]);
      last = this.#buckets[i];
    }
  }

  /** @throws AsofError ASOF_CORRUPT */
  static decode(input: ByteReader, bits: number): QuantileSketch {
    const sketch = new QuantileSketch(bits);
    const size = input.varint();
    let last = 0;
    for (let i = 0; i < size; i++) {
      const bucket = last + input.zigzag();
      const count = input.varint();
      if ((i > 0 && bucket <= last) || bucket < -sketch.#beyond || bucket > sketch.#beyond + 1 || count === 0)
        throw new AsofError("ASOF_CORRUPT", "stored bytes hold no quantile sketch", {});
      sketch.#buckets.push(bucket);
      sketch.#counts.push(count);
      sketch.#total += count;
      last = bucket;
    }
    return sketch;
  }

  #bucketOf(x: number): number {
    if (Number.isNaN(x)) return this.#beyond + 1;
    const leading = (highWord(x) & 0x7fff_ffff) >>> (20 - this.#bits);
    const bucket = Math.min(leading - (MIN_EXPONENT + 1023) * 2 ** this.#bits + 1, this.#beyond);
    return bucket <= 0 ? 0 : x < 0 ? -bucket : bucket;
  }

  #valueOf(bucket: number): number {
    if (bucket > this.#beyond) return Number.NaN;
    if (bucket < 0) return -this.#valueOf(-bucket);
    if (bucket === 0) return 0;
    if (bucket === this.#beyond) return Infinity;
    const parts = 2 ** this.#bits;
    const octave = Math.floor((bucket - 1) / parts);
    const part = (bucket - 1) % parts;
    return powerOfTwo(octave + MIN_EXPONENT) * (1 + (part + 0.5) / parts);
  }

  #count(bucket: number, times: number): void {
    this.#total += times;
    const at = this.#search(bucket);
    if (this.#buckets[at] !== bucket) {
      this.#buckets.splice(at, 0, bucket);
      this.#counts.splice(at, 0, times);
      return;
    }
    this.#counts[at] += times;
    if (this.#counts[at] !== 0) return;
    this.#buckets.splice(at, 1);
    this.#counts.splice(at, 1);
  }

  /** Where the bucket is, or would be. */
  #search(bucket: number): number {
    let low = 0;
    let high = this.#buckets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#buckets[middle] < bucket) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
