import { highWord, lowWordOfLast, powerOfTwo } from "./double-bits.ts";

/** The number mantissa · 2^exponent: what sums and products of doubles are, exactly. */
export interface Dyadic {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** A finite double, exactly. */
export function dyadicOf(x: number): Dyadic {
  const high = highWord(x);
  const low = lowWordOfLast();
  const biased = (high >>> 20) & 0x7ff;
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(low);
  const magnitude = biased === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa: x < 0 ? -magnitude : magnitude, exponent: Math.max(biased, 1) - 1075 };
}

export function addDyadic(a: Dyadic, b: Dyadic): Dyadic {
  if (a.exponent < b.exponent) return addDyadic(b, a);
  return { mantissa: (a.mantissa << BigInt(a.exponent - b.exponent)) + b.mantissa, exponent: b.exponent };
}

export function multiplyDyadic(a: Dyadic, b: Dyadic): Dyadic {
  return { mantissa: a.mantissa * b.mantissa, exponent: a.exponent + b.exponent };
}

/**
 * The double nearest to numerator / denominator, half to even: rounded once, also where the result is subnormal or
 * beyond the range of doubles (±Infinity, as IEEE 754 rounds). Zero is +0. `denominator` > 0.
 */
export function roundRatio(numerator: Dyadic, denominator: bigint): number {
  if (numerator.mantissa === 0n) return 0;
  const negative = numerator.mantissa < 0n;
  const magnitude = negative ? -numerator.mantissa : numerator.mantissa;
  // The quotient lies between 2^(scale − 1) and 2^(scale + 1): take 53 or 54 bits of it, then exactly 53.
  const scale = bitLength(magnitude) - bitLength(denominator) + numerator.exponent;
  let unit = Math.max(scale - 53, -1074);
  let [quotient, rest, divisor] = divide(magnitude, numerator.exponent - unit, denominator);
  if (quotient >= 1n << 53n) {
    unit++;
    [quotient, rest, divisor] = divide(magnitude, numerator.exponent - unit, denominator);
  }
  const twice = 2n * rest;
  if (twice > divisor || (twice === divisor && (quotient & 1n) === 1n)) quotient++;
  const rounded = unit > 971 ? Infinity : Number(quotient) * powerOfTwo(unit);
  return negative ? -rounded : rounded;
}

/** magnitude · 2^shift / denominator: the whole part, the rest, and what the rest is a part of. */
function divide(magnitude: bigint, shift: number, denominator: bigint): [bigint, bigint, bigint] {
  const numerator = shift > 0 ? magnitude << BigInt(shift) : magnitude;
  const divisor = shift < 0 ? denominator << BigInt(-shift) : denominator;
  const quotient = numerator / divisor;
  return [quotient, numerator - quotient * divisor, divisor];
}

function bitLength(value: bigint): number {
  const digits = value.toString(16);
  return digits.length * 4 - Math.clz32(Number.parseInt(digits[0], 16)) + 28;
}
