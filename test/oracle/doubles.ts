import fc from "fast-check";

/** Doubles at the edges where sums go wrong: the ends of the range, subnormals, cancellation, ties. */
const edges = [
  0,
  5e-324,
  -5e-324,
  2 ** -1022,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  1e308,
  -1e308,
  2 ** 970,
  -(2 ** 970),
  2 ** 53,
  -(2 ** 53),
  2 ** 53 + 2,
  1,
  -1,
  1 + 2 ** -52,
  2 ** -53,
  -(2 ** -53),
  2 ** -106,
  2 ** -107,
  0.1,
  1e16,
  1e-16,
];

/** Whatever finite doubles, canonical: no −0. */
export const finiteDouble: fc.Arbitrary<number> = fc
  .oneof(
    { weight: 3, arbitrary: fc.constantFrom(...edges) },
    { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
    { weight: 1, arbitrary: fc.integer({ min: -1000, max: 1000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -100_000, max: 100_000 }).map((cents) => cents / 100) },
  )
  .map((x) => x + 0);

/** Finite doubles of everyday size: money with two decimals, counts, shares. */
export const everydayDouble: fc.Arbitrary<number> = fc
  .oneof(
    fc.integer({ min: -10_000_000, max: 10_000_000 }).map((cents) => cents / 100),
    fc.integer({ min: -1000, max: 1000 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )
  .map((x) => x + 0);

/** All doubles, NaN and infinities among them. */
export const anyDouble: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: finiteDouble },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity) },
);
