/** Veltkamp's constant: splits 53 bits into 26 and 26. */
const SPLITTER = 2 ** 27 + 1;

/** a + b = sum + error, exactly, unless sum overflows (Knuth, TAOCP 2, §4.2.2). */
export function twoSum(a: number, b: number): [sum: number, error: number] {
  const sum = a + b;
  const b1 = sum - a;
  return [sum, a - (sum - b1) + (b - b1)];
}

/**
 * a · b = product + error, exactly, unless the product or its error leaves the range of doubles (Dekker,
 * "A floating-point technique for extending the available precision", 1971).
 */
export function twoProduct(a: number, b: number): [product: number, error: number] {
  const product = a * b;
  const a1 = SPLITTER * a;
  const ah = a1 - (a1 - a);
  const al = a - ah;
  const b1 = SPLITTER * b;
  const bh = b1 - (b1 - b);
  const bl = b - bh;
  return [product, al * bl - (product - ah * bh - al * bh - ah * bl)];
}
