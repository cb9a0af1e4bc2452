import { expect, test } from "vitest";
import { HOUR, MINUTE } from "../time/timestamp.ts";
import { col } from "./expr.ts";
import { greatest, minutes } from "./expr-functions.ts";
import { leadOf } from "./lead.ts";
import type { Expression } from "./tree.ts";

interface Told {
  readonly expression: Expression;
}

const a = col("a");
const b = col("b");

test("by how much one time is after another is told where the expressions tell it", () => {
  const of = (later: Told, earlier: Told): number | null => leadOf(later.expression, earlier.expression);
  expect(of(a, a)).toBe(0);
  expect(of(a, b)).toBe(null);
  expect(of(a.plus("1h"), a)).toBe(HOUR);
  expect(of(a, a.plus("1h"))).toBe(-HOUR);
  expect(of(a.plus("1h"), a.plus("10m"))).toBe(HOUR - 10 * MINUTE);
  expect(of(a.minus("1h"), a)).toBe(-HOUR);
  // Of what a row has in a field nothing is known.
  expect(of(a.plus(minutes(col("n"))), a)).toBe(null);
  expect(of(greatest(a, b), a)).toBe(0);
  expect(of(greatest(b, a.plus("1h")), a)).toBe(HOUR);
  expect(of(a, greatest(a, b))).toBe(null);
  expect(of(greatest(a, b).plus("1h"), greatest(a, b))).toBe(HOUR);
});
