import { ByteWriter } from "../codec/bytes.ts";
import { encodePresent } from "../codec/value-codec.ts";
import type { DataType, Value } from "../schema/data-type.ts";

/**
 * What sketches must answer, from all the values there are: the documented limits of the buckets and the papers'
 * formulas, without the sketches. Of the product it shares the canonical bytes of values, which are what is hashed.
 */

/**
 * The number of rank ⌊q(n − 1)⌋ among all, NaN last, as the middle of its bucket: each power of two is cut into as
 * many buckets of equal width as keep within the accuracy. Magnitudes below 2^−126 are zero, from 2^128 on infinite.
 */
export function naiveQuantile(values: readonly (number | bigint)[], q: number, accuracy: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.map(Number).sort((a, b) => (Number.isNaN(a) ? 1 : 0) - (Number.isNaN(b) ? 1 : 0) || a - b);
  const x = sorted[Math.floor(q * (sorted.length - 1))];
  if (Number.isNaN(x)) return x;
  const magnitude = Math.abs(x);
  if (magnitude < 2 ** -126) return 0;
  if (magnitude >= 2 ** 128) return x < 0 ? -Infinity : Infinity;
  let power = 2 ** -126;
  while (power * 2 <= magnitude) power *= 2;
  let parts = 1;
  while (1 / (2 * parts) > accuracy) parts *= 2;
  const width = power / parts;
  const middle = power + (Math.floor((magnitude - power) / width) + 0.5) * width;
  return x < 0 ? -middle : middle;
}

/** How many different values there are; above `exact` of them as HyperLogLog with 4096 registers estimates it. */
export function naiveDistinct(values: readonly Exclude<Value, null>[], exact: number, type: DataType | null): number {
  const distinct = new Set(values);
  if (distinct.size <= exact) return distinct.size;
  if (type === null) throw new Error("an estimate needs the type of its values");
  return Math.max(exact + 1, Math.round(estimate([...distinct], type)));
}

const PRECISION = 12;
const REGISTERS = 2 ** PRECISION;
/** The bits of a hash that do not choose the register. */
const REST = 64 - PRECISION;

/** Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (arXiv:1702.01284), as its formulas stand. */
function estimate(values: readonly Exclude<Value, null>[], type: DataType): number {
  const registers = new Map<number, number>();
  for (const value of values) {
    const out = new ByteWriter();
    encodePresent(out, type, value);
    const hash = hash64(out.finish());
    const register = Number(hash >> BigInt(REST));
    const rest = hash & ((1n << BigInt(REST)) - 1n);
    const rank = REST - (rest === 0n ? 0 : rest.toString(2).length) + 1;
    registers.set(register, Math.max(rank, registers.get(register) ?? 0));
  }
  const share = (rank: number): number => [...registers.values()].filter((one) => one === rank).length / REGISTERS;
  let z = sigma(1 - registers.size / REGISTERS) + tau(1 - share(REST + 1)) / 2 ** REST;
  for (let rank = 1; rank <= REST; rank++) z += share(rank) / 2 ** rank;
  return REGISTERS / (2 * Math.LN2 * z);
}

/** x + Σ x^(2^k) 2^(k − 1), k from 1. */
function sigma(x: number): number {
  let sum = x;
  for (let k = 1; k < 64; k++) sum += x ** (2 ** k) * 2 ** (k - 1);
  return sum;
}

/** ⅓ (1 − x − Σ (1 − x^(2^−k))² 2^−k), k from 1. */
function tau(x: number): number {
  let sum = 1 - x;
  for (let k = 1; k < 64; k++) sum -= (1 - x ** (2 ** -k)) ** 2 * 2 ** -k;
  return sum / 3;
}

/** The first 64 bits of MurmurHash3_x86_128 with seed 0, its first word being the upper one. */
function hash64(bytes: Uint8Array): bigint {
  const multipliers = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93];
  const blockTurns = [19, 17, 15, 13];
  const added = [0x561ccd1b, 0x0bcaa747, 0x96cd1c35, 0x32ac3b17];
  const state = [0, 0, 0, 0];
  const whole = Math.floor(bytes.length / 16);
  const padded = new DataView(new ArrayBuffer((whole + 1) * 16));
  bytes.forEach((byte, i) => padded.setUint8(i, byte));
  const take = (block: number, i: number): void => {
    const k = padded.getInt32(block * 16 + i * 4, true);
    const mixed = turned(Math.imul(k, multipliers[i]), 15 + i);
    state[i] ^= Math.imul(mixed, multipliers[(i + 1) % 4]);
  };
  for (let block = 0; block < whole; block++)
    for (let i = 0; i < 4; i++) {
      take(block, i);
      state[i] = (Math.imul(turned(state[i], blockTurns[i]) + state[(i + 1) % 4], 5) + added[i]) | 0;
    }
  for (let i = 3; i >= 0; i--) take(whole, i);
  const addUp = (): void => {
    state[0] = state.reduce((a, b) => (a + b) | 0);
    for (let i = 1; i < 4; i++) state[i] = (state[i] + state[0]) | 0;
  };
  for (let i = 0; i < 4; i++) state[i] ^= bytes.length;
  addUp();
  for (let i = 0; i < 4; i++) {
    let h = state[i];
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    state[i] = h ^ (h >>> 16);
  }
  addUp();
  return (BigInt(state[0] >>> 0) << 32n) | BigInt(state[1] >>> 0);
}

function turned(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}
