import { expect, test } from "vitest";
import { count, sum } from "../definition/numeric-aggregates.ts";
import { aggregateView } from "../definition/aggregate-view.ts";
import type { AggregateViewDefinition, ViewDefinition } from "../definition/data.ts";
import { entity } from "../definition/entity.ts";
import { eventSource } from "../definition/event-source.ts";
import { col } from "../expression/expr.ts";
import { columnsOfRows } from "../schema/column.ts";
import { t } from "../schema/data-type.ts";
import { ContributionCheck } from "./contribution-check.ts";

const user = entity("user", { user: t.string() });
const source = eventSource("payments", {
  fields: { at: t.timestamp(), user: t.string(), value: t.int32() },
  eventTime: "at",
});
const checkOf = ({ view }: { readonly view: ViewDefinition }): ContributionCheck =>
  new ContributionCheck([view as AggregateViewDefinition], source.fields);

const small = { at: 0, user: "a", value: 3 };
const huge = { at: 0, user: "a", value: 2_000_000_000 };

test("a record that a view cannot take is refused, in a row and in a batch alike", () => {
  const view = aggregateView("spending", {
    source,
    entity: user,
    features: { squares: sum(col("value").times(col("value"))).over("1h") },
  });
  const check = checkOf(view);
  expect(check.columns).toEqual(["value"]);
  check.row(small);
  expect(() => check.row(huge)).toThrow(
    expect.objectContaining({ code: "ASOF_OVERFLOW", details: expect.objectContaining({ view: "spending" }) }),
  );
  check.batch(columnsOfRows(source.fields, [small, small]));
  expect(() => check.batch(columnsOfRows(source.fields, [small, huge]))).toThrow(
    expect.objectContaining({ code: "ASOF_OVERFLOW", details: expect.objectContaining({ view: "spending", row: 1 }) }),
  );
});

test("what a condition leaves out is not evaluated, and what cannot overflow is not read", () => {
  const some = aggregateView("spending", {
    source,
    entity: user,
    features: {
      squares: sum(col("value").times(col("value")))
        .where(col("value").lt(1000))
        .over("1h"),
    },
  });
  checkOf(some).row(huge);
  const plain = aggregateView("spending", {
    source,
    entity: user,
    features: { large: count().where(col("value").gt(15)).over("1h"), total: sum("value").over("1h") },
  });
  expect(checkOf(plain).columns).toEqual([]);
});
