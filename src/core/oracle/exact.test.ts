import fc from "fast-check";
import { expect, test } from "vitest";
import { anyDouble, everydayDouble } from "../../../test/oracle/doubles.ts";
import { exactSum, exactUnits, exactVariance, nearestDouble, ScaledValues, UNITS } from "./exact.ts";

const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  everydayDouble,
  fc.constantFrom(5e-324, 2 ** -1022, Number.MAX_VALUE, 2 ** 970, 1 + 2 ** -52, 2 ** 53 + 2, 0.1, 0),
);

test("rounds as IEEE 754 adds", () => {
  fc.assert(
    fc.property(finite, finite, (a, b) => {
      expect(nearestDouble(exactUnits(a) + exactUnits(b))).toBe(a + b + 0);
    }),
    { numRuns: 2000 },
  );
});

test("rounds as IEEE 754 divides", () => {
  fc.assert(
    fc.property(
      finite,
      finite.filter((b) => b !== 0),
      (a, b) => {
        // A quotient that rounds to zero is a zero without a sign here.
        expect(nearestDouble(exactUnits(a) << UNITS, exactUnits(b)) + 0).toBe(a / b + 0);
      },
    ),
    { numRuns: 2000 },
  );
});

test("values that are kept as whole numbers add up as values that are not", () => {
  const value = fc.oneof(anyDouble, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
  fc.assert(
    fc.property(fc.array(fc.tuple(value, fc.boolean()), { maxLength: 12 }), (items) => {
      const scaled = new ScaledValues();
      const kept = items.map(([one, isIn]) => ({ one, isIn, scaled: scaled.add(one) }));
      const some = kept.filter(({ isIn }) => isIn);
      const plain = some.map(({ one }) => one);
      expect(scaled.variance(some.map((each) => each.scaled))).toBe(exactVariance(plain));
      if (some.length > 0) expect(scaled.sum(some.map((each) => each.scaled))).toBe(exactSum(plain));
    }),
    { numRuns: 1000 },
  );
});
