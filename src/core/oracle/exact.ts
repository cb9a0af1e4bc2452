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

/** The double nearest to numerator / denominator · 2^−1074, ties to even, ±Infinity from 2^1024 − 2^970 on. */
export function nearestDouble(numerator: bigint, denominator = 1n): number {
  if (denominator < 0n) return nearestDouble(-numerator, -denominator);
  if (numerator < 0n) return -nearestDouble(-numerator, denominator);
  // Bit patterns of positive doubles are ordered as the doubles are; that of Infinity stands for 2^1024.
  const unitsOf = (pattern: bigint): bigint =>
    pattern === 0x7ff0_0000_0000_0000n ? 1n << (1024n + UNITS) : exactUnits(doubleOf(pattern));
  let below = 0n;
  let above = 0x7ff0_0000_0000_0000n;
  if (numerator >= unitsOf(above) * denominator) return Infinity;
  while (above - below > 1n) {
    const middle = (below + above) / 2n;
    if (unitsOf(middle) * denominator <= numerator) below = middle;
    else above = middle;
  }
  const twice = 2n * numerator;
  const midpoint = (unitsOf(below) + unitsOf(above)) * denominator;
  if (twice < midpoint) return doubleOf(below);
  if (twice > midpoint) return doubleOf(above);
  return doubleOf(below % 2n === 0n ? below : above);
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

function doubleOf(pattern: bigint): number {
  bits.setBigUint64(0, pattern);
  return bits.getFloat64(0);
}
