// A source whose fields grow with its rounds, and views that read the oldest and the newest of them: definitions for
// tests that kill processes around a change of fields.
import { aggregateView, count, entity, eventSource, featureService, last, sum, t } from "../../src/index.ts";

export const user = entity("user", { user: t.string() });
export const users = ["ann", "bob", "cyd"];

/** In round r the source has the fields x1 … xr, by turns nullable and with a default, and `n` is wide from round 2 on. */
export function definitionsOf(round: number): Record<string, unknown> {
  const added = Array.from({ length: round }, (_, i) => `x${i + 1}`);
  const source = eventSource("ticks", {
    fields: {
      at: t.timestamp(),
      user: t.string(),
      n: round < 2 ? t.int32() : t.int64(),
      ...Object.fromEntries(added.map((name, i) => [name, i % 2 === 0 ? t.nullable(t.int32()) : t.int32()])),
    },
    defaults: Object.fromEntries(added.flatMap((name, i) => (i % 2 === 0 ? [] : [[name, 7]]))),
    eventTime: "at",
  });
  const stable = aggregateView("stable", {
    source,
    entity: user,
    features: { ticks: count().over("lifetime") },
  });
  const newest = aggregateView("newest", {
    source,
    entity: user,
    features: {
      n: sum("n").over("lifetime"),
      last: last("n").over("lifetime"),
      ...Object.fromEntries(added.map((name) => [name, sum(name as never).over("lifetime")])),
    } as never,
  });
  return { user, source, stable, newest, all: featureService("all", [stable, newest] as never) };
}

/** The record of a number in a round. */
export function tickOf(n: number, at: number, round: number): Record<string, unknown> {
  const added = Array.from({ length: round }, (_, i) => [`x${i + 1}`, n % (i + 3)]);
  return { at, user: users[n % users.length], n, ...(n % 2 === 0 ? {} : Object.fromEntries(added)) };
}
