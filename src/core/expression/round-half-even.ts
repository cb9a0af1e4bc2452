/** The nearest integer, ties to the even one. Keeps NaN and infinities; gives no −0. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest < 0.5) return below + 0;
  if (rest > 0.5) return below + 1;
  // NaN and infinities have no rest to compare.
  return rest === 0.5 ? below + (below % 2 === 0 ? 0 : 1) : x;
}
