import { describe, expect, it } from "vitest";
import type { AsofError } from "../errors.ts";
import { type Fields, t } from "../schema/data-type.ts";
import { col, type Expr, lit, timestamp } from "./expr.ts";
import { coalesce, greatest, inMinutes, minutes, when } from "./expr-functions.ts";
import { dataTypeOf, typeOf } from "./expression.ts";
import { columnsOf, type Expression, formatExpression, operations } from "./tree.ts";

const fields: Fields = {
  delay: t.nullable(t.int32()),
  distance: t.float64(),
  wild: t.float64({ nonFinite: true }),
  fare: t.int64(),
  scheduled: t.timestamp(),
  landed: t.nullable(t.timestamp()),
  origin: t.string(),
  cancelled: t.boolean(),
};

type Built = { readonly expression: Expression };

const failure = (built: Built | Expression, check = typeOf): Pick<AsofError, "code" | "message" | "details"> => {
  try {
    check("expression" in built ? built.expression : built, fields);
  } catch (error) {
    return error as AsofError;
  }
  throw new Error("nothing was refused");
};

describe("typeOf", () => {
  it.each<[Built, object]>([
    [col("delay").plus(1), { kind: "int32", nullable: true }],
    [col("distance").plus(1), { kind: "float64", nullable: false, nonFinite: true }],
    [col("fare").plus(1n), { kind: "int64", nullable: false }],
    [col("distance").div(8), { kind: "float64", nullable: false }],
    [col("wild").div(8), { kind: "float64", nullable: false, nonFinite: true }],
    [col("distance").div(0), { kind: "float64", nullable: true, nonFinite: true }],
    [lit(1).div(col("distance")), { kind: "float64", nullable: true, nonFinite: true }],
    [lit(1).div(3), { kind: "float64", nullable: false }],
    [col("scheduled").plus("30m"), { kind: "timestamp", nullable: false }],
    [
      col("scheduled")
        .plus(minutes(30))
        .plus(minutes(col("distance").div(8))),
      { kind: "timestamp", nullable: false },
    ],
    [col("landed").since(col("scheduled")), { kind: "duration", nullable: true }],
    [inMinutes(col("scheduled").since(col("scheduled"))), { kind: "float64", nullable: false }],
    [minutes(3).times(0.5), { kind: "duration", nullable: false }],
    [greatest(col("scheduled"), col("landed")), { kind: "timestamp", nullable: false }],
    [coalesce(col("delay"), 0.5), { kind: "float64", nullable: false }],
    [when(col("cancelled"), null, col("origin")), { kind: "string", nullable: true }],
    [col("landed").isNull(), { kind: "boolean", nullable: false }],
    [col("origin").oneOf([]), { kind: "boolean", nullable: false }],
    [col("scheduled").hour(), { kind: "int32", nullable: false }],
    [lit(3e9), { kind: "float64", nullable: false }],
    [lit(-0), { kind: "int32", nullable: false }],
    [lit(Infinity), { kind: "float64", nullable: false, nonFinite: true }],
  ])("%#: gives the kind, and whether it may be null or not finite", (built, type) => {
    expect(typeOf(built.expression, fields)).toEqual(type);
  });

  it("names an unknown column and the known ones", () => {
    expect(failure(col("dely").gt(15))).toMatchObject({
      code: "ASOF_UNKNOWN_FIELD",
      message: `unknown column "dely": the columns are ${Object.keys(fields).join(", ")}`,
      details: { column: "dely", columns: Object.keys(fields) },
    });
    expect(failure(col("constructor")).code).toBe("ASOF_UNKNOWN_FIELD");
  });

  const untyped = (built: Built): Expr<never, never> => built as Expr<never, never>;

  it.each<[string, Built | Expression]>([
    ["gt(origin, 15): gt does not take string with int32", untyped(col("origin").gt(15))],
    [
      "add(fare, distance): add does not take int64 with float64: convert one with .toFloat() or .toInt64()",
      col("fare").plus(col("distance")),
    ],
    [
      'gt(scheduled, 15): gt does not take timestamp with int32: write a moment as timestamp("2001-06-24") and a length of time as minutes(30)',
      col("scheduled").gt(15),
    ],
    ["add(scheduled, 30): add does not take timestamp and int32", col("scheduled").plus(30)],
    [
      "eq(delay, null): eq with null is always null: use isNull()",
      { op: "eq", args: [col("delay").expression, lit(null).expression] },
    ],
    ["duration(origin, m): a duration is made of a number, not of string", untyped(minutes(col("origin")))],
    ["not(delay): not takes boolean, not int32", { op: "not", args: [col("delay").expression] }],
    ["hour(delay): hour takes timestamp, not int32", col("delay").hour()],
    ["sqrt(fare): sqrt takes int32 or float64, not int64", col("fare").sqrt()],
    ["if(delay, 1, 2): the condition of if is boolean, not int32", untyped(when(col("delay"), 1, 2))],
    [
      "in(delay, distance): the options of `in` are constants",
      { op: "in", args: [col("delay").expression, col("distance").expression] },
    ],
    ["add(delay): add takes 2 operand(s), not 1", { op: "add", args: [col("delay").expression] }],
    ["coalesce(): coalesce takes one or more operand(s), not 0", { op: "coalesce", args: [] }],
    [
      'power(delay): "power" is not an operation this version knows',
      { op: "power", args: [col("delay").expression] } as unknown as Expression,
    ],
    [
      'duration(3, y): "y" is no unit of time',
      { op: "duration", unit: "y", args: [lit(3).expression] } as unknown as Expression,
    ],
  ])("refuses %s", (message, expression) => {
    expect(failure(expression)).toMatchObject({ code: "ASOF_EXPRESSION", message });
  });

  it("asks of every operation that its operands fit", () => {
    // Timestamps and booleans are the outcasts: no operation takes both, but those that take anything.
    const takesAnything = ["isNull"];
    for (const op of Object.values(operations).flat()) {
      if (takesAnything.includes(op)) continue;
      const args = [col("scheduled"), col("cancelled"), col("origin")].map(({ expression }) => expression);
      expect(failure({ op, args }).code).toBe("ASOF_EXPRESSION");
      expect(failure({ op, args: [] }).code).toBe("ASOF_EXPRESSION");
    }
  });
});

describe("dataTypeOf", () => {
  it("is the type of a column; durations and bare nulls have none", () => {
    expect(dataTypeOf(col("wild").expression, fields)).toEqual({ kind: "float64", nullable: false, nonFinite: true });
    expect(failure(col("landed").since(timestamp(0)), dataTypeOf).message).toContain("a duration is no column type");
    expect(failure(lit(null), dataTypeOf).message).toBe("null: null alone has no type");
  });
});

describe("columnsOf", () => {
  it("names each column once, in order", () => {
    const { expression } = when(col("b").gt(col("a")), minutes(col("c")), minutes(col("b")));
    expect(columnsOf(expression)).toEqual(["b", "a", "c"]);
    expect(formatExpression(expression)).toBe("if(gt(b, a), duration(c, m), duration(b, m))");
  });
});

describe("constants", () => {
  it("are refused where they are no value of asof", () => {
    expect(() => lit("\uD800")).toThrow(expect.objectContaining({ code: "ASOF_STRING" }));
    expect(() => lit(2n ** 63n)).toThrow(expect.objectContaining({ code: "ASOF_OVERFLOW" }));
    expect(() => timestamp("yesterday")).toThrow(expect.objectContaining({ code: "ASOF_TIMESTAMP" }));
  });
});
