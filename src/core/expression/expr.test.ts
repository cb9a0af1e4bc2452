import { describe, expect, expectTypeOf, it } from "vitest";
import { t, type RowOf } from "../schema/data-type.ts";
import { compileRow } from "./compile.ts";
import { col, lit, timestamp, type Expr } from "./expr.ts";
import type { Duration, ExprValue } from "./expr-types.ts";
import { coalesce, concat, greatest, inMinutes, least, minutes, not, seconds, when } from "./expr-functions.ts";
import { formatExpression } from "./tree.ts";

const fields = {
  origin: t.string(),
  destination: t.string(),
  delay: t.nullable(t.int32()),
  distance: t.float64(),
  scheduled: t.timestamp(),
  landed: t.nullable(t.timestamp()),
  cancelled: t.boolean(),
  diverted: t.nullable(t.boolean()),
  fare: t.int64(),
} as const;
type Flight = RowOf<typeof fields>;

/** What a definition does with an expression: only its type matters. */
const take = {
  condition: (condition: Expr<Flight, boolean | null>): string => formatExpression(condition.expression),
  number: (number: Expr<Flight, number | null>): string => formatExpression(number.expression),
  text: (text: Expr<Flight, string | null>): string => formatExpression(text.expression),
  int64: (int64: Expr<Flight, bigint | null>): string => formatExpression(int64.expression),
};

describe("the builder", () => {
  it("makes frozen plain data", () => {
    const { expression } = col("delay").plus(3).gt(15);
    expect(JSON.parse(JSON.stringify(expression))).toEqual(expression);
    expect(expression).toEqual({
      op: "gt",
      args: [
        {
          op: "add",
          args: [
            { op: "column", name: "delay" },
            { op: "literal", kind: "int32", value: 3 },
          ],
        },
        { op: "literal", kind: "int32", value: 15 },
      ],
    });
    const walk = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      expect(Object.isFrozen(value)).toBe(true);
      Object.values(value).forEach(walk);
    };
    walk(expression);
  });

  it("takes the expressions of definitions", () => {
    expect(take.condition(col("delay").gt(15))).toBe("gt(delay, 15)");
    expect(take.number(col("scheduled").plus("30m"))).toBe("add(scheduled, 1800000000)");
    expect(
      take.number(
        col("scheduled")
          .plus(minutes(30))
          .plus(minutes(col("distance").div(8))),
      ),
    ).toBe("add(add(scheduled, duration(30, m)), duration(divide(distance, 8), m))");
    expect(take.number(greatest(col("scheduled"), col("scheduled").plus(minutes(col("delay")))))).toBe(
      "greatest(scheduled, add(scheduled, duration(delay, m)))",
    );
    expect(
      take.condition(
        col("origin")
          .eq("ORD")
          .and(not(col("delay").isNull())),
      ),
    ).toBe('and(eq(origin, "ORD"), not(isNull(delay)))');
    expect(take.condition(col("origin").oneOf(["ORD", "JFK"]))).toBe('in(origin, "ORD", "JFK")');
    expect(take.condition(col("fare").oneOf([1n, 2n]))).toBe("in(fare, 1, 2)");
    expect(take.number(when(col("cancelled"), lit(0), col("delay")))).toBe("if(cancelled, 0, delay)");
    expect(take.text(when(col("delay").gt(15), col("origin"), col("destination")))).toBe(
      "if(gt(delay, 15), origin, destination)",
    );
    expect(take.text(coalesce(col("origin"), col("destination")))).toBe("coalesce(origin, destination)");
    expect(take.text(concat(col("origin"), "-", col("destination")))).toBe('concat(origin, "-", destination)');
    expect(take.number(inMinutes(col("landed").since(col("scheduled"))))).toBe(
      "divide(subtract(landed, scheduled), 60000000)",
    );
    expect(take.number(least(col("delay"), 60).times(2))).toBe("multiply(least(delay, 60), 2)");
    expect(take.int64(col("fare").plus(1n))).toBe("add(fare, 1)");
    expect(take.int64(col("fare").toInt64().plus(col("fare")))).toBe("add(toInt64(fare), fare)");
    expect(take.condition(col("scheduled").lt(timestamp("2001-06-24")))).toBe("lt(scheduled, 993340800000000)");
    expect(take.condition(col("origin").ne(col("destination")))).toBe("ne(origin, destination)");
    expect(take.condition(col("diverted"))).toBe("diverted");
    expect(take.condition(col("cancelled").and(col("diverted")).or(true))).toBe("or(and(cancelled, diverted), true)");
    expect(take.number(col("scheduled").hour().minus(col("scheduled").weekday()))).toBe(
      "subtract(hour(scheduled), weekday(scheduled))",
    );
    expect(take.condition(minutes(col("delay")).times(2).gt(seconds(90)))).toBe(
      "gt(multiply(duration(delay, m), 2), duration(90, s))",
    );
  });

  it("gives expressions that run", () => {
    const row = { scheduled: 0, delay: 3, distance: 12, origin: "ORD", cancelled: false };
    const run = (built: Expr<Flight, unknown>): unknown => compileRow(built.expression, fields)(row);
    expect(
      run(
        col("scheduled")
          .plus(minutes(30))
          .plus(minutes(col("distance").div(8))),
      ),
    ).toBe(31.5 * 60e6);
    expect(run(col("scheduled").minus("30m"))).toBe(-30 * 60e6);
    expect(run(when(col("cancelled"), null, col("delay").times(-1)))).toBe(-3);
    expect(run(concat(col("origin").lower(), "!"))).toBe("ord!");
  });
});

/** Never run: tsc checks it. */
export function mustNotCompile(): void {
  // @ts-expect-error a misspelt column
  take.condition(col("dely").gt(15));
  const misspelt = col("origin")
    .eq("ORD")
    .and(not(col("dely").isNull()));
  // @ts-expect-error a misspelt column, deep down
  take.condition(misspelt);
  // @ts-expect-error a string column compared with a number
  take.condition(col("origin").gt(15));
  // @ts-expect-error a number column compared with a string
  take.condition(col("delay").eq("ORD"));
  // @ts-expect-error columns of different types compared
  take.condition(col("origin").eq(col("delay")));
  // @ts-expect-error an int64 compared with a number
  take.condition(col("fare").gt(15));
  // @ts-expect-error a string column as a condition
  take.condition(col("origin"));
  // @ts-expect-error a number as a condition
  take.condition(col("delay").plus(1));
  // @ts-expect-error a condition as a number
  take.number(col("delay").gt(1));
  // @ts-expect-error minutes of text
  take.number(col("scheduled").plus(minutes(col("origin"))));
  // @ts-expect-error minutes of text
  minutes("3");
  // @ts-expect-error a duration is no number
  take.number(minutes(3));
  // @ts-expect-error a duration of no unit
  col("scheduled").plus("30 parsecs");
  // @ts-expect-error text has no sum
  col("origin").lower().plus(1);
  // @ts-expect-error one of the wrong type
  take.condition(col("delay").oneOf(["ORD"]));
  // @ts-expect-error operands of different types
  greatest(col("delay").plus(1), "ORD");
  // @ts-expect-error a column among operands of another type
  take.number(greatest(col("origin"), 3));
  // @ts-expect-error branches of different types
  when(col("cancelled"), 1, "one");
  // @ts-expect-error the condition of a choice is a column of another type
  take.number(when(col("origin"), 1, 2));
  // @ts-expect-error the condition of a choice among columns is a column of another type
  take.text(when(col("delay"), col("origin"), col("destination")));
  // @ts-expect-error a choice among columns of different types
  take.text(when(col("cancelled"), col("origin"), col("delay")));
  // @ts-expect-error not of a number
  not(col("delay").plus(1));
  // @ts-expect-error and with a number
  col("cancelled").and(3);
  // @ts-expect-error an int64 plus a number
  col("fare").toInt64().plus(1);
}

describe("the types", () => {
  it("are those of the values", () => {
    expectTypeOf(col("delay").gt(15)).toEqualTypeOf<Expr<{ readonly delay: number | null }, boolean | null>>();
    expectTypeOf(col("origin").eq("ORD")).toEqualTypeOf<Expr<{ readonly origin: string | null }, boolean | null>>();
    expectTypeOf(col("x").isNull()).toEqualTypeOf<Expr<{ readonly x: unknown }, boolean>>();
    expectTypeOf(minutes(3)).toEqualTypeOf<Expr<unknown, Duration | null>>();
    expectTypeOf(lit(3)).toEqualTypeOf<Expr<unknown, number>>();
    expectTypeOf(coalesce(col("a"), "")).toEqualTypeOf<Expr<{ readonly a: string | null }, string | null>>();
    expectTypeOf<ExprValue<ReturnType<typeof col<"delay">>, Flight>>().toEqualTypeOf<number | null>();
    const delayed = col("delay").gt(15);
    expectTypeOf<ExprValue<typeof delayed, Flight>>().toEqualTypeOf<boolean | null>();
    expect(delayed.expression.op).toBe("gt");
  });
});
