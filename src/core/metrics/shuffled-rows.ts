/**
 * The numbers 0 … rows − 1 in an order drawn by a seed: Durstenfeld's shuffle ("Algorithm 235: Random permutation",
 * CACM 7, 1964), with Marsaglia's xorshift32 ("Xorshift RNGs", Journal of Statistical Software 8, 2003). The same
 * everywhere, for ever: what is measured with it can be measured again.
 * @param seed any but 0
 */
export function shuffledRows(rows: number, seed: number): Uint32Array {
  const order = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) order[i] = i;
  let state = seed | 0;
  for (let last = rows - 1; last > 0; last--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const other = Math.floor(((state >>> 0) / 2 ** 32) * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}
