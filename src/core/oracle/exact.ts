/**
 * Exact arithmetic on doubles, slow and obvious: every finite double is a whole number of units of 2^−1074, and
 * rounding is a search among all doubles.
 */

const bits = new DataView(new ArrayBuffer(8));

/** The weight of one unit. */
export const UNITS = 1074n;

/** A finite double in units of 2^−1074. */
export function exactUnits(x: number): bigint {
  bits.setFloat64(0, Math.abs(x));
  const word = bits.getBigUint64(0);
  const exponent = word >> 52n;
  const fraction = word & ((1n << 52n) - 1n);
  const magnitude = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return x < 0 ? -magnitude : magnitude;
}

/** The sum of finite numbers in units of 2^−1074; bigints count as themselves. */
export function exactSumUnits(values: readonly (number | bigint)[]): bigint {
  const { scale, whole } = scaled(values);
  return whole.reduce((sum, x) => sum + x, 0n) << scale;
}

/** Finite numbers as multiples of 2^scale units: short integers add and multiply faster than those of 1074 bits. */
function scaled(values: readonly (number | bigint)[]): { readonly scale: bigint; readonly whole: readonly bigint[] } {
  let scale = UNITS;
  for (const x of values) {
    if (typeof x !== "number" || x === 0) continue;
    bits.setFloat64(0, x);
    const exponent = (bits.getUint16(0) >> 4) & 0x7ff;
    if (BigInt(exponent) <= scale) scale = BigInt(Math.max(0, exponent - 1));
  }
  return {
    scale,
    whole: values.map((x) => (typeof x === "bigint" ? x << (UNITS - scale) : exactUnits(x) >> scale)),
  };
}

/** A value as a whole number of 2^scale units, and its square. */
export interface ScaledValue {
  readonly value: number | bigint;
  units: bigint;
  square: bigint;
}

/**
 * Values that are added up again and again, each brought to whole numbers once: multiples of the smallest unit among
 * those that are finite.
 */
export class ScaledValues {
  private scale = UNITS;
  private readonly all: ScaledValue[] = [];

  add(value: number | bigint): ScaledValue {
    const one = { value, units: 0n, square: 0n };
    this.all.push(one);
    const { scale } = scaled([value].filter(isFinite64));
    if (scale < this.scale) {
      this.scale = scale;
      for (const each of this.all) this.bring(each);
    } else this.bring(one);
    return one;
  }

  /** The sum of some of them, rounded once; NaN and infinities as in IEEE 754. */
  sum(values: readonly ScaledValue[]): number {
    const special = values.filter(({ value }) => !isFinite64(value));
    if (special.length > 0) return special.map(({ value }) => value as number).reduce((a, b) => a + b);
    return nearestDouble(values.reduce((sum, { units }) => sum + units, 0n) << this.scale);
  }

  /** The sample variance of some of them, rounded once; null below two, NaN with values that are not finite. */
  variance(values: readonly ScaledValue[]): number | null {
    const n = BigInt(values.length);
    if (n < 2n) return null;
    if (values.some(({ value }) => !isFinite64(value))) return Number.NaN;
    const sum = values.reduce((total, { units }) => total + units, 0n);
    const squares = values.reduce((total, { square }) => total + square, 0n);
    return nearestDouble((n * squares - sum * sum) << (2n * this.scale), (n * (n - 1n)) << UNITS);
  }

  private bring(one: ScaledValue): void {
    const { value } = one;
    if (!isFinite64(value)) return;
    one.units = typeof value === "bigint" ? value << (UNITS - this.scale) : exactUnits(value) >> this.scale;
    one.square = one.units * one.units;
  }
}

function isFinite64(value: number | bigint): boolean {
  return typeof value === "bigint" || Number.isFinite(value);
}

/** The double nearest to numerator / denominator · 2^−1074, ties to even, ±Infinity from 2^1024 − 2^970 on. */
export function nearestDouble(numerator: bigint, denominator = 1n): number {
  if (denominator < 0n) return nearestDouble(-numerator, -denominator);
  if (numerator < 0n) return -nearestDouble(-numerator, denominator);
  // Bit patterns of positive doubles are ordered as the doubles are; that of Infinity stands for 2^1024.
  const isReached = (pattern: bigint): boolean => unitsOf(pattern) * denominator <= numerator;
  if (isReached(INFINITY)) return Infinity;
  // A search among all doubles, begun near a guess where that proves right.
  const guess = patternOf(roughQuotient(numerator, denominator));
  let below = guess > 2n && isReached(guess - 2n) ? guess - 2n : 0n;
  let above = guess + 2n < INFINITY && !isReached(guess + 2n) ? guess + 2n : INFINITY;
  while (above - below > 1n) {
    const middle = (below + above) / 2n;
    if (isReached(middle)) below = middle;
    else above = middle;
  }
  const twice = 2n * numerator;
  const midpoint = (unitsOf(below) + unitsOf(above)) * denominator;
  if (twice < midpoint) return doubleOf(below);
  if (twice > midpoint) return doubleOf(above);
  return doubleOf(below % 2n === 0n ? below : above);
}

const INFINITY = 0x7ff0_0000_0000_0000n;

function unitsOf(pattern: bigint): bigint {
  return pattern === INFINITY ? 1n << (1024n + UNITS) : exactUnits(doubleOf(pattern));
}

/** About numerator / denominator · 2^−1074, from the leading bits of both. */
function roughQuotient(numerator: bigint, denominator: bigint): number {
  const leading = (x: bigint): [number, number] => {
    const digits = x.toString(16);
    return [Number(`0x${digits.slice(0, 16)}`), Math.max(0, digits.length - 16) * 4];
  };
  const [n, up] = leading(numerator);
  const [d, down] = leading(denominator);
  const scale = up - down - Number(UNITS);
  return (n / d) * 2 ** Math.floor(scale / 2) * 2 ** Math.ceil(scale / 2);
}

/** The sum of numbers, rounded once; NaN and infinities as in IEEE 754. */
export function exactSum(values: readonly (number | bigint)[]): number {
  const special = values.filter((x): x is number => typeof x === "number" && !Number.isFinite(x));
  if (special.length > 0) return special.reduce((a, b) => a + b);
  const whole = smallWholeSum(values);
  if (whole !== null) return whole;
  return nearestDouble(exactSumUnits(values));
}

/** The sum of whole numbers whose sizes stay below 2^53 together: doubles add those exactly. Null for any other. */
function smallWholeSum(values: readonly (number | bigint)[]): number | null {
  let sum = 0;
  let size = 0;
  for (const x of values) {
    if (typeof x !== "number" || !Number.isInteger(x)) return null;
    sum += x;
    size += Math.abs(x);
    if (size > Number.MAX_SAFE_INTEGER) return null;
  }
  return sum;
}

/** The sample variance, rounded once; null below two values, NaN with values that are not finite. */
export function exactVariance(values: readonly (number | bigint)[]): number | null {
  const n = BigInt(values.length);
  if (n < 2n) return null;
  if (values.some((x) => typeof x === "number" && !Number.isFinite(x))) return Number.NaN;
  const { scale, whole } = scaled(values);
  const sum = whole.reduce((a, b) => a + b, 0n);
  const squares = whole.reduce((total, x) => total + x * x, 0n);
  return nearestDouble((n * squares - sum * sum) << (2n * scale), (n * (n - 1n)) << UNITS);
}

function patternOf(x: number): bigint {
  bits.setFloat64(0, x);
  return bits.getBigUint64(0);
}

function doubleOf(pattern: bigint): number {
  bits.setBigUint64(0, pattern);
  return bits.getFloat64(0);
}
