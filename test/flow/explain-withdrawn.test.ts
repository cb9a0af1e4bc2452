import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  aggregateView,
  count,
  entity,
  eventSource,
  type Explanation,
  featureService,
  last,
  max,
  open,
  type Store,
  sum,
  t,
} from "asof";
import { afterAll, beforeAll, expect, test } from "vitest";
import { simulatedClock } from "../../src/adapters/clock/simulated-clock.ts";
import { HOUR, MINUTE, parseTimestamp } from "../../src/core/time/timestamp.ts";

const user = entity("user", { user: t.string() });
const orders = eventSource("orders", {
  fields: { order: t.int32(), at: t.timestamp(), user: t.string(), amount: t.int32() },
  eventTime: "at",
  id: ["order"],
});
const spending = aggregateView("spending", {
  source: orders,
  entity: user,
  features: {
    orders: count().over("1d"),
    amount: sum("amount").over("1d"),
    most: max("amount").over("1d"),
    last: last("amount").over("1d"),
  },
});
const service = featureService("service", [spending]);
const definitions = { user, orders, spending, service };

const noon = parseTimestamp("2026-03-01T12:00");
const folder = mkdtempSync(path.join(tmpdir(), "asof-explain-withdrawn-"));
const clock = simulatedClock(noon);
let store: Store;

const order = (id: number, amount: number): Record<string, unknown> => ({
  order: id,
  at: noon + id * MINUTE,
  user: "ann",
  amount,
});

// Three orders; an hour later one is withdrawn and one is corrected; another hour later one more comes, of long before.
beforeAll(async () => {
  store = await open({ definitions, home: path.join(folder, "home") }, { clock });
  await store.apply();
  await store.materialize();
  clock.advance!(noon + 10 * MINUTE);
  await store.ingest("orders", [order(1, 10), order(2, 500), order(3, 30)]);
  clock.advance!(noon + HOUR);
  await store.retract("orders", [{ order: 2 }]);
  await store.correct("orders", [order(3, 35)]);
  clock.advance!(noon + 2 * HOUR);
  await store.ingest("orders", [order(4, 7)]);
  clock.advance!(noon + 3 * HOUR);
  await store.settled();
});

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function explain(feature: string, options = {}): Promise<Extract<Explanation, { kind: "aggregateView" }>> {
  const explanation = await store.explain("spending", feature, { user: "ann" }, options);
  if (explanation.kind !== "aggregateView") throw new Error("it is an aggregate view");
  expect(explanation.check.equal).toBe(true);
  expect(explanation.online.state).toBe("equal");
  return explanation;
}

test.each([
  ["orders_1d", 3, 3, 3],
  ["amount_1d", 52, 540, 52],
  ["most_1d", 35, 500, 35],
  ["last_1d", 7, 30, 7],
])("%s: now, as of before the retraction, and then in hindsight", async (feature, now, then, hindsight) => {
  const at = noon + 30 * MINUTE;
  expect((await explain(feature)).value).toBe(now);
  expect((await explain(feature, { at })).value).toBe(then);
  expect((await explain(feature, { at, knowledge: "now" })).value).toBe(hindsight);
  const answers = await store.features("service", [{ user: "ann" }], { at, knowledge: "now" });
  expect(answers[0].values[`spending__${feature}`]).toBe(hindsight);
});

test("what was withdrawn is counted where that is known, and not listed", async () => {
  const counts = async (options = {}): Promise<unknown[]> => {
    const [{ records, contributions }] = (await explain("amount_1d", options)).windows;
    return [records.visible, records.withdrawn, records.notYetAvailable, contributions.map(({ argument }) => argument)];
  };
  const at = noon + 30 * MINUTE;
  expect(await counts()).toEqual([3, 2, 0, [35, 10, 7]]);
  // The correction and the late order are not there yet.
  expect(await counts({ at })).toEqual([3, 0, 2, [500, 30, 10]]);
  expect(await counts({ at, knowledge: "now" })).toEqual([3, 2, 0, [35, 10, 7]]);
});
