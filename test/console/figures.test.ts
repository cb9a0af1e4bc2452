import { expect, test } from "vitest";
import { digits } from "../../console/src/parts/figures.ts";

test.each([
  [0, "0"],
  [0.12345, "0.123"],
  [0.9996, "1.00"],
  [1.234, "1.23"],
  [9.996, "10.0"],
  [12.34, "12.3"],
  [-99.96, "-100"],
  [99.94, "99.9"],
  [1234.5, "1235"],
])("%d is written with three digits that count", (n, text) => {
  expect(digits(n)).toBe(text);
});
