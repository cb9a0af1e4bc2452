// Payments that are kept for ten days: definitions, and a course of records over many days, for tests of retention.
import {
  aggregateView,
  avg,
  batchView,
  count,
  entity,
  eventSource,
  featureService,
  gradientBoostedTrees,
  model,
  sum,
  t,
} from "../../src/index.ts";
import { DAY, formatTimestamp, HOUR, MINUTE, type Timestamp } from "../../src/core/time/timestamp.ts";

export const START = Date.UTC(2026, 0, 1) * 1000;
export const KEYS = ["a", "b", "c"].map((user) => ({ user }));

const fields = { at: t.timestamp(), nr: t.int32(), user: t.string(), value: t.float64() };

export function definitionsOf(retention: "10d" | "6d" | "30d" | undefined, id: readonly ["nr"] | undefined = ["nr"]) {
  const user = entity("user", { user: t.string() });
  const payments = eventSource("payments", {
    fields,
    eventTime: "at",
    availableAt: "at",
    ...(id === undefined ? {} : { id }),
    ...(retention === undefined ? {} : { retention }),
  });
  const spending = aggregateView("spending", {
    source: payments,
    entity: user,
    features: { payments: count().over("1d", "5d"), value: sum("value").over("1d"), mean: avg("value").over("3d") },
  });
  const daily = batchView("daily", {
    entity: user,
    sources: [payments],
    sql: `select "user", date_trunc('day', event_time) + interval 1 day as day, count(*)::integer as n
          from payments group by all`,
    features: { n: t.int32() },
    eventTime: "day",
    ttl: "2d",
    lookback: "1d",
  });
  const service = featureService("spending_service", [spending, daily]);
  const alone = featureService("alone", [spending]);
  return { user, payments, spending, daily, service, alone };
}

/** The same, with a model whose examples are of the first days, and one whose examples are of days that are kept. */
export function modelsOver(definitions: ReturnType<typeof definitionsOf>) {
  const of = (name: string, from: number) =>
    model(name, {
      features: definitions.alone,
      examples: { source: definitions.payments, at: "at" },
      label: "value",
      split: {
        train: [formatTimestamp(dayStart(from)), formatTimestamp(dayStart(from + 3))],
        test: [formatTimestamp(dayStart(from + 3)), formatTimestamp(dayStart(from + 4))],
      },
      trainer: gradientBoostedTrees(),
    });
  return { ...definitions, early: of("early", 6), late: of("late", 19) };
}

export type Payment = Readonly<Record<"at" | "user", string> & Record<"nr" | "value", number>>;

/** A few payments of a day, of every hour something, the same for the same day. */
export function paymentsOf(day: number, perDay = 36): Payment[] {
  return Array.from({ length: perDay }, (_, i) => ({
    at: formatTimestamp(START + day * DAY + Math.floor((i * 24 * HOUR) / perDay) + ((day * 7 + i) % 30) * MINUTE),
    nr: day * 1000 + i,
    user: KEYS[(day + i * i) % 3].user,
    value: ((day * 31 + i * 17) % 100) / 7,
  }));
}

export const dayStart = (day: number): Timestamp => START + day * DAY;
