// Clicks of a handful of users, which are numbered, so that each can be found again: definitions for tests that
// start several processes or kill them.
import {
  aggregateView,
  avg,
  batchView,
  count,
  entity,
  eventSource,
  featureService,
  max,
  min,
  stddev,
  sum,
  t,
} from "../../src/index.ts";

export const user = entity("user", { user: t.string() });

export const clicks = eventSource("clicks", {
  fields: { at: t.timestamp(), user: t.string(), n: t.int32(), seconds: t.float64() },
  eventTime: "at",
  availableAt: "2s",
});

export const activity = aggregateView("activity", {
  source: clicks,
  entity: user.from({ user: "user" }),
  features: {
    clicks: count().over("15s", "1h", "lifetime"),
    seconds: sum("seconds").over("1m", "1d"),
    mean: avg("seconds").over("10m"),
    spread: stddev("seconds").over("1h"),
    first: min("n").over("lifetime"),
    last: max("n").over("lifetime"),
  },
});

export const totals = batchView("totals", {
  entity: user,
  sources: [clicks],
  sql: `select "user", date_trunc('minute', event_time) + interval 1 minute as until, count(*)::integer as clicks
        from clicks where available_time < date_trunc('minute', event_time) + interval 1 minute group by all`,
  features: { clicks: t.int32() },
  eventTime: "until",
  ttl: "1d",
});

export const profile = featureService("profile", [activity, totals]);

export const users = ["ann", "bob", "cyd", "dan", "eve", "nobody"];

/** A click that its number decides, of five of the users. */
export function clickOf(n: number, at: number): { at: number; user: string; n: number; seconds: number } {
  return { at, user: users[n % 5], n, seconds: Math.fround(Math.sin(n) * 1e3) / 7 };
}
