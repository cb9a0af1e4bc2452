// What the tortured store is made of, in three variants: applying one after the other changes views, adds one and
// takes it away again. Clicks and visits are told by the requests they come in, orders by their id; visits are dropped
// after three days, and half of them come later than that.
import {
  aggregateView,
  avg,
  batchView,
  type Configuration,
  count,
  countDistinct,
  entity,
  eventSource,
  featureService,
  gradientBoostedTrees,
  max,
  min,
  model,
  stddev,
  sum,
  t,
} from "../../src/index.ts";

export const VARIANTS = 3;
export const users = ["ann", "bob", "cyd", "dan", "eve", "nobody"] as const;

const user = entity("user", { user: t.string() });

export const clicks = eventSource("clicks", {
  fields: { at: t.timestamp(), user: t.string(), n: t.int32(), seconds: t.float64() },
  eventTime: "at",
  availableAt: "1s",
});

export const orders = eventSource("orders", {
  fields: { at: t.timestamp(), user: t.string(), n: t.int32(), amount: t.float64() },
  eventTime: "at",
  availableAt: "at",
  id: ["n"],
});

export const visits = eventSource("visits", {
  fields: { at: t.timestamp(), user: t.string(), n: t.int32() },
  eventTime: "at",
  availableAt: "at",
  retention: "3d",
});

export const SOURCES = { clicks, orders, visits } as const;
export type SourceName = keyof typeof SOURCES;

const outcomes = eventSource("outcomes", {
  fields: { at: t.timestamp(), user: t.string(), returned: t.boolean() },
  eventTime: "at",
  availableAt: "at",
});

const buying = aggregateView("buying", {
  source: orders,
  entity: user.from({ user: "user" }),
  features: {
    orders: count().over("1h", "lifetime"),
    amount: sum("amount").over("10m", "lifetime"),
    last: max("n").over("lifetime"),
  },
});

const visiting = aggregateView("visiting", {
  source: visits,
  entity: user.from({ user: "user" }),
  features: { visits: count().over("1h", "1d"), last: max("n").over("1d") },
});

const totals = batchView("totals", {
  entity: user,
  sources: [clicks],
  sql: `select "user", date_trunc('minute', event_time) + interval 1 minute as until, count(*)::integer as clicks
        from clicks where available_time < date_trunc('minute', event_time) + interval 1 minute group by all`,
  features: { clicks: t.int32() },
  eventTime: "until",
  ttl: "1d",
});

const bought = featureService("bought", [buying.select("orders_lifetime", "amount_lifetime")]);

export const returns = model("returns", {
  features: bought,
  examples: { source: outcomes, at: "at" },
  label: "returned",
  split: { train: ["2026-01-01", "2026-02-01"], test: ["2026-02-01", "2026-03-01"] },
  trainer: gradientBoostedTrees(),
});

/** Outcomes of the model's past, the same each time. */
export function examples(): { at: string; user: string; returned: boolean }[] {
  const begin = Date.UTC(2026, 0, 1);
  return Array.from({ length: 240 }, (_, i) => ({
    at: new Date(begin + i * 5 * 3_600_000).toISOString(),
    user: users[i % 5],
    returned: i % 3 === 0,
  }));
}

/** The definitions of one variant. */
export function definitionsOf(variant: number): Readonly<Record<string, unknown>> {
  const activity = aggregateView("activity", {
    source: clicks,
    entity: user.from({ user: "user" }),
    features: {
      clicks: count().over("15s", "1h", "lifetime"),
      seconds: sum("seconds").over("1m", "1d"),
      mean: avg("seconds").over(variant === 1 ? "5m" : "10m"),
      spread: stddev("seconds").over("1h"),
      first: min("n").over("lifetime"),
    },
  });
  const variety = aggregateView("variety", {
    source: clicks,
    entity: user.from({ user: "user" }),
    features: { clicked: countDistinct("n").over("1h") },
  });
  const views = variant === 2 ? [activity, variety, buying, visiting, totals] : [activity, buying, visiting, totals];
  return {
    user,
    ...SOURCES,
    outcomes,
    buying,
    visiting,
    totals,
    activity,
    ...(variant === 2 ? { variety } : {}),
    profile: featureService("profile", views),
    bought,
    returns,
  };
}

/** @param redis where the online store is in one: its URL */
export function configurationOf(variant: number, home: string, redis: string | null) {
  const online: Configuration["online"] = redis === null ? "lmdb" : { redis: { url: redis, timeout: "5s" } };
  return { definitions: definitionsOf(variant), home, online };
}

export interface Numbered {
  readonly at: number;
  readonly user: string;
  readonly n: number;
}

/** When a visit took place, by its number: up to five days before the others that came with it. */
export const visitAt = (n: number, at: number): number => at - (n % 6) * 86_400_000_000;

/** A record that its number and its moment decide. */
export function recordOf(source: SourceName, n: number, at: number): Numbered & Record<string, unknown> {
  if (source === "visits") return { at: visitAt(n, at), user: users[n % 5], n };
  const value = Math.fround(Math.sin(n) * 1e3) / 7;
  const numbered = { at, user: users[n % 5], n };
  return source === "clicks" ? { ...numbered, seconds: value } : { ...numbered, amount: value };
}
