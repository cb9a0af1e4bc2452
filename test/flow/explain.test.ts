import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Explanation, open, type Store } from "asof";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { simulatedClock } from "../../src/adapters/clock/simulated-clock.ts";
import { HOUR, MINUTE } from "../../src/core/time/timestamp.ts";
import {
  begin,
  definitions,
  expected,
  from,
  historyOf,
  type LateStore,
  openLateStore,
  users,
  view,
} from "./late-events.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-explain-"));
let late: LateStore;
let store: Store;

beforeAll(async () => {
  late = await openLateStore(folder);
  store = late.store;
}, 60_000);

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

type Kind = Explanation["kind"];
async function explain<K extends Kind>(
  kind: K,
  ...asked: Parameters<Store["explain"]>
): Promise<Extract<Explanation, { kind: K }>> {
  const explanation = await store.explain(...asked);
  expect(explanation.kind).toBe(kind);
  return explanation as Extract<Explanation, { kind: K }>;
}

const aggregate = (feature: string, user: string, options?: Parameters<Store["explain"]>[3]) =>
  explain("aggregateView", "everything", feature, { user }, options);

/** Of each third feature both. */
const KNOWLEDGE = [["served", "now"], ["served"], ["now"]] as const;

describe("an explained value", () => {
  test("is the oracle's, the point-in-time join's and, live, the online store's, for every feature", async () => {
    const history = await historyOf(late);
    const live = await store.features(
      "both",
      users.map((user) => ({ user })),
    );
    let contributing = 0;
    for (const [u, user] of users.entries())
      for (const [f, { name }] of view.features.entries()) {
        // Each feature of one user, and each third of the others.
        if (u > 0 && (f + u) % 3 !== 0) continue;
        const explanation = await aggregate(name, user);
        const oracle = expected(history, user, explanation.t, explanation.t)[`everything__${name}`];
        expect(explanation.value).toStrictEqual(oracle);
        expect(explanation.value).toStrictEqual(live[u].values[`everything__${name}`]);
        expect(explanation.check).toMatchObject({ equal: true, answered: explanation.value });
        expect(explanation.online).toMatchObject({ state: "equal", t: explanation.t, value: explanation.value });
        expect(explanation.log.loads).toBeGreaterThanOrEqual(explanation.log.newest);
        expect(explanation.definition).toMatchObject({ revision: 1, applied: true });
        for (const window of explanation.windows) contributing += window.records.counted;
      }
    expect(contributing).toBeGreaterThan(300);
  });

  test("is so as of the past, in either knowledge", async () => {
    const history = await historyOf(late);
    let different = 0;
    for (const [i, { name }] of view.features.entries())
      for (const knowledge of KNOWLEDGE[i % KNOWLEDGE.length]) {
        const at = begin + (8 + ((i * 7) % 29)) * HOUR + [0, 1, MINUTE][i % 3];
        const user = users[i % 2];
        const explanation = await aggregate(name, user, { at, knowledge });
        const { t, knownAt } = explanation;
        expect([t, explanation.knowledge, knownAt === undefined]).toEqual([at, knowledge, knowledge === "served"]);
        expect(explanation.value).toStrictEqual(expected(history, user, at, knownAt ?? at)[`everything__${name}`]);
        expect(explanation.check.equal).toBe(true);
        expect(explanation.online).toMatchObject({ state: "equal" });
        for (const { records } of explanation.windows) different += records.notYetAvailable;
      }
    expect(different).toBeGreaterThan(20);
  });

  test("comes with the records behind it, where they came from, and which were late", async () => {
    const at = from + 6 * HOUR;
    const explanation = await aggregate("sum_1h", "ann", { at });
    expect(explanation).toMatchObject({
      source: "events",
      words: "sum of amount, over 1h, by hops of 5m",
      argument: "amount",
      where: null,
      influence: "the size of the value",
    });
    const [window] = explanation.windows;
    expect([window.start, window.end]).toEqual([at - HOUR, at]);
    expect(window.tiles).toMatchObject({
      hop: 5 * MINUTE,
      spanned: 12,
      first: at - HOUR,
      last: at - 5 * MINUTE,
      open: null,
    });
    const { records } = await historyOf(late);
    const mine = records.filter(
      ({ event, available, row }) => row["user"] === "ann" && event >= at - HOUR && event < at && available < at,
    );
    expect(mine.length).toBeGreaterThan(0);
    expect(window.records).toMatchObject({ visible: mine.length, counted: mine.length, filtered: 0, withdrawn: 0 });
    expect(window.contributions).toHaveLength(Math.min(10, mine.length));
    const sizes = mine.map(({ row }) => Math.abs(row["amount"] as number)).sort((a, b) => b - a);
    expect(window.contributions.map(({ argument }) => Math.abs(argument as number))).toEqual(
      sizes.slice(0, window.contributions.length),
    );
    for (const { argument, event, available, fields } of window.contributions) {
      expect(fields).toEqual({ amount: argument });
      expect(mine.some((one) => one.event === event && one.available === available)).toBe(true);
    }
    expect(window.late.every(({ by }, i) => by >= 0 && (i === 0 || by <= window.late[i - 1].by))).toBe(true);

    const whole = await aggregate("count_lifetime", "ann", { at });
    const [all] = whole.windows;
    expect([all.start, all.tiles.hop, all.tiles.spanned]).toEqual([null, null, null]);
    expect(Math.min(all.records.loaded, all.records.streamed)).toBeGreaterThan(0);
    expect(all.records.loaded + all.records.streamed).toBe(all.records.visible);
    expect(all.more).toBe(all.records.counted - 10);
    const origins = new Map(
      (await aggregate("count_lifetime", "ann")).windows[0].contributions.map((c) => [c.position, c.origin]),
    );
    expect([...origins.values()]).toContain("stream");
  });

  test("of a series has a window for each element; of values that occur, the values", async () => {
    const series = await aggregate("count_1h_x5", "bob", { at: from });
    expect(series.windows).toHaveLength(5);
    expect(series.windows.map(({ value }) => value)).toEqual(series.value);
    const { value, windows, where } = await aggregate("by_ok_1d", "ann", { at: from });
    const groups = windows[0].groups!;
    expect(Object.fromEntries(groups.map(({ value, records }) => [String(value), records]))).toEqual(value);
    expect(where).toBe("amount > 0");
    expect(windows[0].records.filtered).toBeGreaterThan(0);
  });

  test("of a batch view names the version that was read, and why others were not", async () => {
    const history = await historyOf(late);
    for (const [at, knowledge] of [
      [from + 2 * HOUR, "served"],
      [from - 5 * HOUR, "served"],
      [from - 5 * HOUR, "now"],
      [from + 8 * HOUR, "now"],
    ] as const) {
      const explanation = await explain("batchView", "six_hours", "n", { user: "ann" }, { at, knowledge });
      const known = explanation.knownAt ?? at;
      expect(explanation.value).toBe(expected(history, "ann", at, known)["six_hours__n"]);
      expect(explanation.check.equal).toBe(true);
      expect(explanation.online.state).toBe("equal");
      expect(explanation.ttl).toBe(9 * HOUR);
      const mine = history.versions.filter(({ user }) => user === "ann");
      expect(explanation.others.length + explanation.more).toBe(mine.length - (explanation.read === null ? 0 : 1));
      expect(explanation.read!.state).toBe("read");
      expect(explanation.read!.run).toMatchObject({ id: expect.any(Number) });
      expect(explanation.expires).toBe(explanation.read!.event + 9 * HOUR);
    }
    const then = await explain("batchView", "six_hours", "n", { user: "ann" }, { at: from - 5 * HOUR });
    expect(then.others.map(({ state }) => state)).toContain("not yet available");
    expect(then.read!.run!.backfill).toBe(true);
    const nobody = await explain("batchView", "six_hours", "n", { user: "nobody" });
    expect(nobody).toMatchObject({ value: null, status: "NOT_FOUND", read: null, others: [] });
  });

  test("tells that the online store lacks a load", async () => {
    await late.load("third", [{ ...late.eventAt(from), user: "ann", ok: true, known: from }]);
    const live = await aggregate("count_lifetime", "ann");
    expect(live.online).toMatchObject({ state: "equal", value: live.value });
    expect(live.log.newest).toBeGreaterThan(live.log.loads);
    const past = await aggregate("count_lifetime", "ann", { at: live.t });
    expect(past.value).toBe((live.value as number) + 1);
    expect(past.online).toMatchObject({ state: "equal", value: live.value });
    await store.materialize();
    const again = await aggregate("count_lifetime", "ann");
    expect(again.value).toBe(past.value);
    expect(again.log.loads).toBeGreaterThanOrEqual(again.log.newest);
  });

  test("has an empty window for a key with a null, and for one that never was", async () => {
    for (const user of [null, "who"]) {
      const explanation = await explain("aggregateView", "everything", "count_1h", { user });
      expect(explanation).toMatchObject({ value: 0, check: { equal: true }, online: { state: "equal" } });
    }
  });
});

test.each<[string, Parameters<Store["explain"]>, string, RegExp]>([
  ["view", ["evrything", "count_1h", {}], "ASOF_UNKNOWN_VIEW", /did you mean everything\?/],
  ["feature", ["everything", "cuont_1h", {}], "ASOF_UNKNOWN_FEATURE", /did you mean count_1h\?/],
  ["key", ["everything", "count_1h", { usr: "ann" }], "ASOF_UNKNOWN_FIELD", /did you mean user\?/],
  ["key that is missing", ["everything", "count_1h", {}], "ASOF_MISSING_KEY", /user is missing/],
  ["key of another type", ["everything", "count_1h", { user: 7 }], "ASOF_TYPE", /user/],
  ["moment to come", ["everything", "count_1h", { user: "ann" }, { at: "2099-01-01" }], "ASOF_FUTURE_READ", /2099/],
])("what is unknown is refused, with what may have been meant: %s", async (_, asked, code, message) => {
  await expect(store.explain(...asked)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test("a view that is not online is explained by history alone", async () => {
  const home = path.join(folder, "offline-only");
  const clock = simulatedClock(from);
  const other = await open({ definitions, home }, { clock });
  try {
    await other.apply();
    clock.advance!(from + HOUR);
    await other.ingest("events", [{ ...late.eventAt(from), user: "ann", big: 1n }]);
    clock.advance!(from + 2 * HOUR);
    const explanation = await other.explain("everything", "count_lifetime", { user: "ann" });
    expect(explanation).toMatchObject({
      value: 1,
      check: { equal: true },
      online: { state: "absent", why: expect.stringContaining("not in the online store") as string },
    });
  } finally {
    await other.close();
  }
});
