// Definitions that use every aggregation and every form of window, for tests of the whole flow.
import {
  aggregateView,
  avg,
  col,
  count,
  countDistinct,
  entity,
  eventSource,
  featureService,
  first,
  histogram,
  last,
  lastN,
  max,
  median,
  min,
  quantile,
  series,
  stddev,
  sum,
  t,
  topK,
  variance,
  window,
} from "../../src/index.ts";

export const user = entity("user", { user: t.string() });

export const events = eventSource("events", {
  fields: {
    at: t.timestamp(),
    known: t.timestamp(),
    user: t.string(),
    seq: t.nullable(t.int32()),
    page: t.nullable(t.string()),
    n: t.nullable(t.int32()),
    amount: t.float64(),
    odd: t.nullable(t.float64({ nonFinite: true })),
    big: t.int64(),
    ok: t.nullable(t.boolean()),
  },
  eventTime: "at",
  availableAt: "known",
  order: "seq",
});

const before = window("1h", { offset: "1h", name: "hour_before" });

export const everything = aggregateView("everything", {
  source: events,
  entity: user,
  features: {
    count: count().over("1h", before, series("1h", { count: 5 }), "lifetime"),
    good: count()
      .where(col("ok"))
      .over("1d", series("1d", { count: 3, hop: "1h", name: "days" })),
    sum: sum("amount").over("1h", series("15m", { count: 4 })),
    avg: avg("n").over("1d"),
    min: min("page").over("1d"),
    max: max("odd").over("1d"),
    variance: variance("amount").over("1d"),
    stddev: stddev("big").over("1d"),
    first: first("page").over("1h", "lifetime"),
    last: last("n")
      .where(col("ok"))
      .over("1h", before, series("1h", { count: 3, offset: "2h", name: "earlier" })),
    last_big: last("big").over("1d"),
    last_at: last("at").over("1d", series("1h", { count: 2, name: "hours" })),
    pages: lastN("page", 3).over("1h", "1d", before),
    amounts: lastN("amount", 2).over("1d"),
    odds: lastN("odd", 4).over("1d"),
    bigs: lastN("big", 5).over("lifetime"),
    times: lastN("known", 2).over("1h"),
    flags: lastN(col("n").gt(2), 3).over("1h"),
    distinct: countDistinct("n").over("1h", series("1h", { count: 2 })),
    estimated: countDistinct("n", { exact: 4 }).over("1d"),
    p90: quantile("amount", 0.9).over("1d"),
    median: median("n", { accuracy: 0.05 }).over("1h"),
    top: topK("page", 2, { limit: 3 }).over("15m", "1d"),
    top_big: topK("big", 1).over("1d"),
    by_page: histogram("page", { limit: 4 }).over("1h", "1d"),
    by_big: histogram("big").over("1h"),
    by_ok: histogram("ok").where(col("amount").gt(0)).over("1d"),
    count_per: count().per("page", { limit: 4 }).over("1h", "1d", before),
    sum_per: sum("amount").where(col("n").gt(2)).per(col("page")).over("1d", "lifetime"),
    avg_per: avg("odd").per("ok").over("1d"),
    spread_per: variance("amount").per("n").over("1h"),
    stddev_per: stddev("n").per("big").over("1d"),
    big_per: max("big").per("page").over("1d"),
    page_per: min("page").per(col("n").gt(2)).over("1d"),
    last_per: last("at").per("page").over("1d", before),
    ok_per: first("ok").per("n").over("1h"),
    distinct_per: countDistinct("page").per("n").over("1h"),
    median_per: median("amount").per("page").over("1d"),
  },
});

export const all = featureService("all", [everything]);

/** What overflows of the view is left out. */
export const calm = featureService("calm", [everything.select("pages_1d", "by_ok_1d", "count_1h_x5", "last_per_1d")]);
