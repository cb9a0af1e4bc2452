import type { ByteReader, ByteWriter } from "../codec/bytes.ts";

/** Registers are chosen by 12 bits of the hash: a standard error of 1.04 / √4096 = 1.6 %. Stored states depend on it. */
const PRECISION = 12;
export const REGISTERS = 2 ** PRECISION;
/** Of the 64 bits of a hash, those that do not choose the register. */
const REST = 64 - PRECISION;
/** The ranks that a register may have are below it. */
export const RANKS = REST + 2;
/** 1 / (2 ln 2) */
const ALPHA = 0.7213475204444817;

/**
 * How many distinct hashes there are, roughly: HyperLogLog (Flajolet et al., 2007) over 64-bit hashes. A function of
 * the set of hashes, whatever their order and number.
 */
export class HyperLogLog {
  readonly #registers = new Uint8Array(REGISTERS);

  /** @param high upper, @param low lower 32 bits of a hash */
  add(high: number, low: number): void {
    const register = registerOf(high);
    const rank = rankOf(high, low);
    if (rank > this.#registers[register]) this.#registers[register] = rank;
  }

  merge(other: HyperLogLog): void {
    for (let i = 0; i < REGISTERS; i++)
      if (other.#registers[i] > this.#registers[i]) this.#registers[i] = other.#registers[i];
  }

  estimate(): number {
    const counts = new Float64Array(RANKS);
    for (const rank of this.#registers) counts[rank]++;
    return estimateOf(counts);
  }

  /** Six bits a register, four registers in three bytes. */
  encode(out: ByteWriter): void {
    const registers = this.#registers;
    for (let i = 0; i < REGISTERS; i += 4) {
      out.u8(registers[i] | (registers[i + 1] << 6));
      out.u8((registers[i + 1] >> 2) | (registers[i + 2] << 4));
      out.u8((registers[i + 2] >> 4) | (registers[i + 3] << 2));
    }
  }

  static decode(input: ByteReader): HyperLogLog {
    const sketch = new HyperLogLog();
    const packed = input.rawView((REGISTERS / 4) * 3);
    for (let i = 0, at = 0; i < REGISTERS; i += 4, at += 3) {
      const bits = packed[at] | (packed[at + 1] << 8) | (packed[at + 2] << 16);
      for (let k = 0; k < 4; k++) sketch.#registers[i + k] = Math.min((bits >> (6 * k)) & 63, REST + 1);
    }
    return sketch;
  }
}

/** The register that a hash belongs to. */
export function registerOf(high: number): number {
  return high >>> (32 - PRECISION);
}

/** How many zeros the rest of a hash begins with, and one. */
export function rankOf(high: number, low: number): number {
  const rest = (high << PRECISION) >>> 0;
  return rest === 0 ? 32 - PRECISION + Math.clz32(low) + 1 : Math.clz32(rest) + 1;
}

/**
 * How many hashes there are where so many registers have each rank: the improved raw estimator of Ertl, "New
 * cardinality estimation algorithms for HyperLogLog sketches", 2017 (arXiv:1702.01284, algorithm 6), unbiased over the
 * whole range without empirical tables.
 */
export function estimateOf(ranks: Float64Array): number {
  let z = REGISTERS * tau(1 - ranks[REST + 1] / REGISTERS);
  for (let rank = REST; rank >= 1; rank--) z = 0.5 * (z + ranks[rank]);
  z += REGISTERS * sigma(ranks[0] / REGISTERS);
  return (ALPHA * REGISTERS * REGISTERS) / z;
}

function sigma(fraction: number): number {
  if (fraction === 1) return Infinity;
  let x = fraction;
  let y = 1;
  let z = x;
  for (;;) {
    x *= x;
    const before = z;
    z += x * y;
    y += y;
    if (z === before) return z;
  }
}

function tau(fraction: number): number {
  if (fraction === 0 || fraction === 1) return 0;
  let x = fraction;
  let y = 1;
  let z = 1 - x;
  for (;;) {
    x = Math.sqrt(x);
    const before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
    if (z === before) return z / 3;
  }
}
