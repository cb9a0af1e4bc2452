import { expect, test } from "vitest";
import type { DurationText } from "../time/duration.ts";
import { t } from "../schema/data-type.ts";
import { aggregateView } from "./aggregate-view.ts";
import { batchView } from "./batch-view.ts";
import { catalogOf, fingerprintOf } from "./catalog.ts";
import { entity } from "./entity.ts";
import { eventSource } from "./event-source.ts";
import { featureService } from "./feature-service.ts";
import { gradientBoostedTrees, model } from "./model.ts";
import { series, window } from "./named-window.ts";
import { count } from "./numeric-aggregates.ts";

type Features = Parameters<typeof aggregateView>[1]["features"];

function project(retention: DurationText | undefined, features: Features, lookback?: DurationText) {
  const user = entity("user", { user: t.string() });
  const clicks = eventSource("clicks", {
    fields: { at: t.timestamp(), user: t.string(), late: t.boolean() },
    eventTime: "at",
    ...(retention === undefined ? {} : { retention }),
  });
  const activity = aggregateView("activity", { source: clicks, entity: user, features });
  const daily = batchView("daily", {
    entity: user,
    sources: [clicks],
    sql: "select 1",
    features: { n: t.int32() },
    eventTime: "day",
    ...(lookback === undefined ? {} : { lookback }),
  });
  const service = featureService("service", [activity, daily]);
  return { user, clicks, activity, daily, service };
}

const catalog = (...given: Parameters<typeof project>) => catalogOf(Object.values(project(...given)));

test("a retention changes the fingerprint of its source alone", () => {
  const fingerprints = (retention?: DurationText): Record<string, string> => {
    const definitions = project(retention, { n: count().over("1d") }, "1d");
    const learner = model("learner", {
      features: featureService("told", [definitions.daily]),
      examples: { source: definitions.clicks, at: "at" },
      label: "late",
      split: { train: ["2026-01-01", "2026-02-01"], test: ["2026-02-01", "2026-03-01"] },
      trainer: gradientBoostedTrees(),
    });
    const told = featureService("told", [definitions.daily]);
    const all = catalogOf(Object.values({ ...definitions, told, learner }));
    return Object.fromEntries(all.all.map((one) => [one.name, fingerprintOf(all, one)]));
  };
  const [without, short, long] = [fingerprints(), fingerprints("10d"), fingerprints("20d")];
  const changed = (a: Record<string, string>, b: Record<string, string>): string[] =>
    Object.keys(a).filter((name) => a[name] !== b[name]);
  expect(changed(without, short)).toEqual(["clicks"]);
  expect(changed(short, long)).toEqual(["clicks"]);
});

test("views that reach back further than their source keeps are refused, with hop, offset, series and a day to spare", () => {
  const refused = expect.objectContaining({ code: "ASOF_DEFINITION" }) as Error;
  const within = (features: Features, least: number): void => {
    expect(() => catalog(`${least}h`, features, "1h")).not.toThrow();
    expect(() => catalog(`${least - 1}h`, features, "1h")).toThrow(refused);
  };
  // Three days, a hop of an hour, the day to spare. A series has the hops of its steps.
  within({ n: count().over("3d") }, 72 + 1 + 24);
  within({ n: count().over(window("2d", { name: "before", hop: "1h", offset: "5h" })) }, 48 + 5 + 1 + 24);
  within({ n: count().over(series("1d", { count: 3 })) }, 3 * 24 + 24 + 24);
  expect(() => catalog("400d", { n: count().over("lifetime") }, "1h")).toThrow(refused);
  expect(() => catalog("400d", { n: count().over("1d") })).toThrow(refused);
  expect(() => catalog("3d", { n: count().over("1d") }, "49h")).toThrow(refused);
  expect(() => catalog("3d", { n: count().over("1d") }, "48h")).not.toThrow();
  expect(() => catalog("23h", { n: count().over("1h") }, "1h")).toThrow(refused);
});
