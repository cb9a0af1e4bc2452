import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { RedisSettings } from "../../src/adapters/redis/redis-settings.ts";
import { decodeManifest } from "../../src/core/codec/backup-manifest.ts";
import {
  backup,
  batchView,
  type Configuration,
  featureService,
  open,
  restore,
  type Store,
  t,
} from "../../src/index.ts";
import { formed, redisMissing, RedisServer, startCluster } from "../servers/redis-server.ts";
import * as clicks from "./clicks.ts";
import {
  asking,
  closeStores,
  expectEqualToHistory,
  folder,
  ingest,
  ingesting,
  loadLate,
  newHome,
  opened,
  prepared,
  recovery,
  refusal,
  removeHomes,
  requests,
  settled,
  start,
} from "./clicks-in-redis.ts";

afterEach(closeStores);
afterAll(removeHomes);

describe.skipIf(redisMissing)(`the online store in Redis${redisMissing === null ? "" : ` (${redisMissing})`}`, () => {
  let server: RedisServer;
  let nodes: RedisServer[] = [];
  beforeAll(async () => {
    [server, nodes] = await Promise.all([RedisServer.start(), startCluster()]);
  });
  afterAll(() => Promise.all([server, ...nodes].map((one) => one.stop())));

  const places: Record<string, (prefix: string) => RedisSettings> = {
    "one server": (prefix) => ({ url: server.url, prefix, timeout: "5s" }),
    "a cluster": (prefix) => ({ nodes: nodes.map(({ node }) => node), prefix, timeout: "5s" }),
  };

  describe.each(Object.entries(places))("%s", (name, settings) => {
    test("serves what history gives, while records come, are loaded, computed, archived, and over restarts", async () => {
      const redis = settings("all:");
      const { home, store } = await prepared(redis);
      let current = store;
      for (let round = 1; round <= 2; round++) {
        const coming = ingesting(current, round * 10_000);
        const reads = asking(current);
        await loadLate(current, round * 100);
        await current.compute();
        await current.materialize();
        await sleep(300);
        await coming.stop();
        await reads.answered(6);
        const { errors } = await reads.stop();
        expect([...errors]).toEqual([]);
        await expectEqualToHistory(current);
        await current.close();
        current = await start(home, redis);
      }
      await expectEqualToHistory(current);
      const status = await current.status();
      expect(status.views.find((view) => view.name === "activity")).toMatchObject({ onlineKeys: 5, stale: false });
      expect(status.online.bytes).toBeGreaterThan(0);
    });

    test("a backup needs nothing of the log that Redis has folded, and is a whole store without it", async () => {
      const redis = settings("backup:");
      const { home, store } = await prepared(redis);
      await store.close();
      for (const first of [6_000, 7_000]) {
        // Archives its log as it closes, and drops it.
        const again = await start(home, redis, 1);
        await ingest(again, first, 40);
        await settled(again);
        await again.close();
      }
      const current = await start(home, redis);
      const [kept, restored] = [newHome(), newHome()];
      await backup(home, kept);
      const { log, online } = decodeManifest(await readFile(path.join(kept, "backup.json")));
      expect(log.start).toBeGreaterThan(0);
      expect(online).toBe(log.end);
      await restore({ definitions: clicks, home: restored }, kept);
      const alone = await open({ definitions: clicks, home: restored });
      opened.push(alone);
      await alone.materialize();
      await settled(current);
      const { t } = (await current.features(clicks.profile, requests))[0];
      const [mine, theirs] = await Promise.all(
        [alone, current].map((one) => one.features("profile", requests, { at: t })),
      );
      expect(mine.map(({ values }) => values)).toEqual(theirs.map(({ values }) => values));
      const live = await alone.features(clicks.profile, requests);
      const then = await alone.features(clicks.profile, requests, { at: live[0].t });
      expect(live.map(({ values }) => values)).toEqual(then.map(({ values }) => values));
    });

    test("killed and started again under load: coded errors, no wrong value, and soon as before", async () => {
      const { store } = await prepared({ ...settings("killed:"), timeout: "250ms" });
      const victim = name === "a cluster" ? nodes[0] : server;
      for (let round = 0; round < 2; round++) {
        const coming = ingesting(store, 20_000 + round * 10_000);
        const reads = asking(store);
        await sleep(200);
        await victim.kill();
        await sleep(400);
        await victim.start();
        // A node waits two seconds before it takes queries again.
        if (name === "a cluster") await formed(nodes);
        const took = await recovery(store);
        expect(took).toBeLessThan(2_000);
        await sleep(300);
        await coming.stop();
        // How many that is by then depends on the machine.
        await reads.answered(6);
        const { errors } = await reads.stop();
        expect([...errors.keys()]).toEqual(["ASOF_ONLINE_UNAVAILABLE"]);
        await settled(store);
        await expectEqualToHistory(store);
      }
    });

    test("what is slow is given up in time, and then refused at once until it answers again", async () => {
      const { store } = await prepared({ ...settings("slow:"), timeout: "200ms" });
      const all = name === "a cluster" ? nodes : [server];
      for (const one of all) one.signal("SIGSTOP");
      try {
        const times: number[] = [];
        for (let i = 0; i < 6; i++) {
          const began = performance.now();
          await expect(store.features(clicks.profile, requests)).rejects.toMatchObject({
            code: "ASOF_ONLINE_UNAVAILABLE",
            status: 503,
          });
          times.push(performance.now() - began);
        }
        expect(Math.max(...times)).toBeLessThan(1_000);
        expect(times[0]).toBeGreaterThan(150);
        expect(times[5]).toBeLessThan(50);
      } finally {
        for (const one of all) one.signal("SIGCONT");
      }
      expect(await recovery(store)).toBeLessThan(2_000);
      await expectEqualToHistory(store);
    });

    test("a store is closed and loses nothing while Redis is away, and is not opened without it", async () => {
      const redis = settings("away:");
      const { home, store } = await prepared({ ...redis, timeout: "250ms" });
      const victim = name === "a cluster" ? nodes[2] : server;
      await victim.kill();
      await ingest(store, 60_000, 40);
      await store.close();
      if (name === "one server")
        await expect(start(home, redis)).rejects.toMatchObject({ code: "ASOF_ONLINE_UNAVAILABLE" });
      await victim.start();
      if (name === "a cluster") await formed(nodes);
      await expectEqualToHistory(await start(home, redis));
    });

    test("what was lost is refused, not empty, and materialized again", async () => {
      const redis = settings("lost:");
      const { home, store } = await prepared(redis);
      const victim = name === "a cluster" ? nodes[1] : server;
      const lose = async (): Promise<void> => {
        await victim.kill();
        // A node of a cluster that forgets its slots is another failure.
        await victim.forgetData();
        await victim.start();
        if (name === "a cluster") await formed(nodes);
      };
      await lose();
      await refusal(store, "ASOF_ONLINE_LOST");
      await ingest(store, 70_000, 40);
      await sleep(300);
      await expect(store.features(clicks.profile, requests)).rejects.toMatchObject({ code: "ASOF_ONLINE_LOST" });
      expect((await store.materialize()).map(({ how }) => how)).toEqual(["built", "built"]);
      await expectEqualToHistory(store);
      // Another process finds it out when it opens the store.
      await store.close();
      await lose();
      const next = await start(home, redis);
      await expect(next.features(clicks.profile, requests)).rejects.toMatchObject({ code: "ASOF_NOT_MATERIALIZED" });
      await next.materialize();
      await expectEqualToHistory(next);
    });
  });

  test("another process reads, as long as it knows that nothing is missing", async () => {
    const own = await RedisServer.start();
    try {
      const redis: RedisSettings = { url: own.url, timeout: "300ms" };
      const { home, store } = await prepared(redis);
      await store.settled();
      const reader = await open(
        { definitions: clicks, home, online: { redis } },
        { readOnly: { temporaryFolder: path.join(folder, "reader") } },
      );
      opened.push(reader);
      const values = async (one: Store): Promise<unknown> =>
        (await one.features(clicks.profile, requests)).map((answer) => answer.values.activity__clicks_lifetime);
      expect(await values(reader)).toEqual(await values(store));
      await store.close();
      await own.kill();
      await own.start();
      // There is no writer that could look whether anything is missing.
      await refusal(reader, "ASOF_ONLINE_UNAVAILABLE");
      await sleep(300);
      await refusal(reader, "ASOF_ONLINE_UNAVAILABLE");
      const next = await start(home, redis);
      await recovery(reader);
      expect(await values(reader)).toEqual(await values(next));
    } finally {
      await own.stop();
    }
  });

  test("a reader that outlives the writer's move to Redis and back answers by what is there then", async () => {
    const home = newHome();
    const tally = batchView("tally", {
      entity: clicks.user,
      sources: [clicks.clicks],
      sql: `select "user", max(event_time) as at, count(*)::integer as clicks from clicks group by all`,
      features: { clicks: t.int32() },
      eventTime: "at",
    });
    const tallied = featureService("tallied", [tally]);
    const definitions = { user: clicks.user, clicks: clicks.clicks, tally, tallied };
    const started = async (online: NonNullable<Configuration["online"]>, readOnly = false): Promise<Store> => {
      const store = await open(
        { definitions, home, online, audit: false },
        readOnly ? { readOnly: { temporaryFolder: path.join(folder, "outliving") } } : {},
      );
      opened.push(store);
      return store;
    };
    let n = 0;
    const grow = async (store: Store, by: number): Promise<void> => {
      const at = Date.now() * 1000;
      await store.ingest(
        clicks.clicks,
        Array.from({ length: by }, () => ({ ...clicks.clickOf(n, at - 1e6 + n++), user: "ann" })),
      );
      await store.compute();
    };
    const count = async (store: Store): Promise<unknown> =>
      (await store.features(tallied, { user: "ann" })).values.tally__clicks;
    const first = await started("lmdb");
    await first.apply();
    await grow(first, 3);
    await first.materialize();
    const reader = await started("lmdb", true);
    expect(await count(reader)).toBe(3);
    await first.close();
    const second = await started({ redis: { url: server.url, prefix: "moved:", timeout: "5s" } });
    await grow(second, 2);
    await second.materialize();
    expect(await count(second)).toBe(5);
    await second.close();
    const third = await started("lmdb");
    await third.materialize();
    expect([await count(third), await count(reader)]).toEqual([5, 5]);
  });
});
