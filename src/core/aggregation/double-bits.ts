const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const LOW = littleEndian ? 0 : 1;
const HIGH = 1 - LOW;

/** The upper 32 bits of a double: sign, 11 bits of exponent, 20 of the fraction. */
export function highWord(x: number): number {
  float[0] = x;
  return words[HIGH];
}

/** The lower 32 bits of the double last given to `highWord`: so that both cost one conversion. */
export function lowWordOfLast(): number {
  return words[LOW];
}

/** 2^exponent, exactly, for −1074 ≤ exponent ≤ 1023: Math.pow promises no exactness. */
export function powerOfTwo(exponent: number): number {
  if (exponent >= -1022) {
    words[HIGH] = (exponent + 1023) << 20;
    words[LOW] = 0;
  } else {
    const bit = exponent + 1074;
    words[HIGH] = bit >= 32 ? 1 << (bit - 32) : 0;
    words[LOW] = bit < 32 ? 1 << bit : 0;
  }
  return float[0];
}
