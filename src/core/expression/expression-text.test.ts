import fc from "fast-check";
import { expect, test } from "vitest";
import { col } from "./expr.ts";
import { expressionText } from "./expression-text.ts";
import type { Expression } from "./tree.ts";

const a: Expression = { op: "column", name: "a" };
const b: Expression = { op: "column", name: "b" };
const one: Expression = { op: "literal", kind: "int32", value: 1 };

test.each<[Expression, string]>([
  [col("amount").gt(0).expression, "amount > 0"],
  [{ op: "not", args: [{ op: "or", args: [a, b] }] }, "not (a or b)"],
  [{ op: "and", args: [a, { op: "not", args: [b] }, { op: "or", args: [a, b] }] }, "a and not b and (a or b)"],
  [{ op: "subtract", args: [a, { op: "subtract", args: [b, one] }] }, "a − (b − 1)"],
  [{ op: "subtract", args: [{ op: "subtract", args: [a, b] }, one] }, "a − b − 1"],
  [{ op: "multiply", args: [{ op: "add", args: [a, b] }, one] }, "(a + b) × 1"],
  [{ op: "eq", args: [{ op: "eq", args: [a, b] }, one] }, "(a = b) = 1"],
  [{ op: "isNull", args: [a] }, "a is null"],
  [{ op: "in", args: [a, one, { op: "literal", kind: "int32", value: 2 }] }, "a in (1, 2)"],
  [{ op: "if", args: [{ op: "isNull", args: [a] }, one, b] }, "if a is null then 1 else b"],
  [{ op: "add", args: [a, { op: "duration", unit: "m", args: [b] }] }, "a + (b m)"],
  [{ op: "add", args: [a, { op: "literal", kind: "duration", value: 5_400_000_000 }] }, "a + 90m"],
  [{ op: "ge", args: [a, { op: "literal", kind: "timestamp", value: 0 }] }, "a ≥ 1970-01-01T00:00:00Z"],
  [{ op: "eq", args: [a, { op: "literal", kind: "string", value: 'x"' }] }, 'a = "x\\""'],
  [{ op: "negate", args: [{ op: "add", args: [a, b] }] }, "−(a + b)"],
  [{ op: "coalesce", args: [a, { op: "literal", kind: "null", value: null }] }, "coalesce(a, null)"],
])("%j reads %s", (expression, text) => {
  expect(expressionText(expression)).toBe(text);
});

test("expressions that differ in their grouping differ in their text", () => {
  const leaf = fc.constantFrom(a, b, one);
  const { tree } = fc.letrec<{ tree: Expression; node: Expression }>((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, leaf, tie("node")),
    node: fc
      .tuple(fc.constantFrom("add", "subtract", "multiply", "divide", "gt", "eq", "modulo"), tie("tree"), tie("tree"))
      .map(([op, left, right]) => ({ op, args: [left, right] })),
  }));
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(tree, (expression) => {
      const text = expressionText(expression);
      const json = JSON.stringify(expression);
      expect(seen.get(text) ?? json).toBe(json);
      seen.set(text, json);
    }),
    { numRuns: 2000, seed: 5 },
  );
  expect(seen.size).toBeGreaterThan(100);
});
