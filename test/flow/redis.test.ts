import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RedisSettings } from "../../src/adapters/redis/redis-settings.ts";
import { AsofError, batchView, type Configuration, featureService, open, type Store, t } from "../../src/index.ts";
import { formed, redisMissing, RedisServer, startCluster } from "../servers/redis-server.ts";
import { Switchboard } from "../servers/switchboard.ts";
import * as clicks from "./clicks.ts";

const requests = clicks.users.map((user) => ({ user }));
const folder = mkdtempSync(path.join(tmpdir(), "asof-redis-flow-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let homes = 0;
const newHome = (): string => path.join(folder, `home-${homes++}`);
const opened: Store[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close().catch(() => {});
});

/** Everything that is served is compared with history. */
async function start(home: string, redis: RedisSettings, archiveFrom = 900): Promise<Store> {
  const store = await open(
    { definitions: clicks, home, online: { redis }, audit: { sample: 1, every: "20ms" } },
    { archiveFrom },
  );
  opened.push(store);
  return store;
}

/** A store with records, whose views are online. */
async function prepared(redis: RedisSettings): Promise<{ home: string; store: Store }> {
  const home = newHome();
  const store = await start(home, redis);
  await store.apply();
  await loadLate(store, 0);
  await store.compute();
  await store.materialize();
  await ingest(store, 5_000, 40);
  return { home, store };
}

/** A load of clicks from before, that became known only now. */
async function loadLate(store: Store, n: number): Promise<void> {
  const file = path.join(folder, `late-${n}.ndjson`);
  const at = (Date.now() - 1_800_000) * 1000;
  const rows = Array.from({ length: 40 }, (_, i) => clicks.clickOf(n + i, at + i * 777_777));
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  await store.load("clicks", [file]);
}

async function ingest(store: Store, first: number, count: number): Promise<void> {
  const now = Date.now() * 1000;
  // Late ones, present ones, and some that are not yet due.
  const at = (i: number): number => now - [0, 15e6, 60e6, 3e9, -2e6][i % 5] - i;
  await store.ingest(
    "clicks",
    Array.from({ length: count }, (_, i) => clicks.clickOf(first + i, at(i))),
  );
}

/** Compares what is served now with what history gives for its moment: by the audit, which takes every answer. */
async function expectEqualToHistory(store: Store): Promise<void> {
  await settled(store);
  await store.features(clicks.profile, requests);
  const report = await store.auditServed();
  expect(report.targets.flatMap(({ examples }) => examples)).toEqual([]);
  expect(report).toMatchObject({ different: 0, failures: 0, failure: null });
  expect(report.compared).toBeGreaterThan(0);
}

const codeOf = (error: unknown): string => (error instanceof AsofError ? error.code : String(error));

/** Asks again and again: what was answered, which errors came, and how long each took. */
function asking(store: Store): { stop: () => Promise<Asked> } {
  const stopped = new AbortController();
  const asked: Asked = { answers: 0, errors: new Map(), longest: 0, lastError: 0 };
  const done = (async () => {
    while (!stopped.signal.aborted) {
      const began = performance.now();
      try {
        const answers = await store.features(clicks.profile, requests);
        expect(answers.every(({ values }) => typeof values.activity__clicks_lifetime === "number")).toBe(true);
        asked.answers++;
      } catch (error) {
        asked.errors.set(codeOf(error), (asked.errors.get(codeOf(error)) ?? 0) + 1);
        asked.lastError = performance.now();
      }
      asked.longest = Math.max(asked.longest, performance.now() - began);
      await sleep(3);
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await done;
      return asked;
    },
  };
}

interface Asked {
  answers: number;
  readonly errors: Map<string, number>;
  longest: number;
  lastError: number;
}

function ingesting(store: Store, first: number): { stop: () => Promise<number> } {
  const stopped = new AbortController();
  let n = first;
  const done = (async () => {
    while (!stopped.signal.aborted) {
      await ingest(store, n, 20);
      n += 20;
      await sleep(2);
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await done;
      return n;
    },
  };
}

/** Waits until a read succeeds; how long that took, in milliseconds. */
async function recovery(store: Store, patience = 10_000): Promise<number> {
  const began = performance.now();
  for (;;) {
    try {
      await store.features(clicks.profile, requests);
      return performance.now() - began;
    } catch (error) {
      if (performance.now() - began > patience) throw error;
      await sleep(10);
    }
  }
}

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
        const { answers, errors } = await reads.stop();
        expect([...errors]).toEqual([]);
        expect(answers).toBeGreaterThan(5);
        await expectEqualToHistory(current);
        await current.close();
        current = await start(home, redis);
      }
      await expectEqualToHistory(current);
      const status = await current.status();
      expect(status.views.find((view) => view.name === "activity")).toMatchObject({ onlineKeys: 5, stale: false });
      expect(status.online.bytes).toBeGreaterThan(0);
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
        const { answers, errors } = await reads.stop();
        expect([...errors.keys()]).toEqual(["ASOF_ONLINE_UNAVAILABLE"]);
        expect(answers).toBeGreaterThan(5);
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

  describe("a replica that takes over", () => {
    let [one, two]: RedisServer[] = [];
    let board: Switchboard;
    let redis: RedisSettings;
    beforeEach(async () => {
      [one, two] = await Promise.all([RedisServer.start(), RedisServer.start()]);
      board = await Switchboard.start(one.port);
      redis = { url: `redis://127.0.0.1:${board.port}`, timeout: "300ms" };
    });
    afterEach(async () => {
      await board.close();
      await Promise.all([one.stop(), two.stop()]);
    });

    /** Makes the second server a replica, until it has all that the first has. */
    async function follow(): Promise<void> {
      await two.ask("REPLICAOF", "127.0.0.1", String(one.port));
      const info = async (server: RedisServer): Promise<string> => String(await server.ask("INFO", "replication"));
      const offset = async (server: RedisServer): Promise<string | undefined> =>
        /master_repl_offset:(\d+)/.exec(await info(server))?.[1];
      while (!(await info(two)).includes("master_link_status:up") || (await offset(one)) !== (await offset(two)))
        await sleep(10);
    }

    const promote = (): Promise<unknown> => two.ask("REPLICAOF", "NO", "ONE");

    test("with all writes is gone on with", async () => {
      const { store } = await prepared(redis);
      await store.settled();
      await follow();
      await promote();
      board.to(two.port);
      expect(await recovery(store)).toBeLessThan(2_000);
      await ingest(store, 80_000, 40);
      await expectEqualToHistory(store);
    });

    test("without the last ones is not read until all is materialized again", async () => {
      const { store } = await prepared(redis);
      await store.settled();
      await follow();
      await promote();
      await ingest(store, 81_000, 40);
      await store.settled();
      const before = await store.features(clicks.profile, requests);
      board.to(two.port);
      await refusal(store, "ASOF_ONLINE_LOST");
      await store.materialize();
      await expectEqualToHistory(store);
      for (const [i, { values }] of (await store.features(clicks.profile, requests)).entries())
        expect(values.activity__clicks_lifetime).toBeGreaterThanOrEqual(before[i].values.activity__clicks_lifetime);
    });

    test("while no writer ran is gone on with by the log, as far as the log still goes", async () => {
      const { home, store } = await prepared(redis);
      await store.settled();
      await follow();
      await promote();
      await ingest(store, 82_000, 40);
      await store.settled();
      await store.close();
      board.to(two.port);
      const next = await start(home, redis);
      await expectEqualToHistory(next);
      await ingest(next, 83_000, 40);
      // From here on the log is archived, and gone, at each closing.
      await next.close();
      await (await start(home, redis, 1)).close();
      board.to(one.port);
      const last = await start(home, redis);
      await expect(last.features(clicks.profile, requests)).rejects.toMatchObject({ code: "ASOF_NOT_MATERIALIZED" });
      await last.materialize();
      await expectEqualToHistory(last);
    });
  });

  test("a replica of a cluster's node that takes over without the last writes is not read", async () => {
    const servers = await startCluster(1);
    try {
      const { store } = await prepared({ nodes: servers.map(({ node }) => node), timeout: "500ms" });
      await store.settled();
      const roles = await Promise.all(servers.map(async (server) => String(await server.ask("ROLE")).split(",")));
      // The replica of the node that has the first partition: it is written by every commit.
      const owner = String(await servers[0].ask("CLUSTER", "SLOTS")).split(",");
      const masterPort = Number(owner[owner.indexOf("0") + 3]);
      const replica = servers.find((_, i) => roles[i][0] === "slave" && Number(roles[i][2]) === masterPort)!;
      const master = servers.find(({ port }) => port === masterPort)!;
      replica.signal("SIGSTOP");
      // What was sent to it would be in its socket still.
      await master.ask("CLIENT", "KILL", "TYPE", "replica");
      await ingest(store, 83_000, 40);
      await store.settled();
      await master.kill();
      replica.signal("SIGCONT");
      await refusal(store, "ASOF_ONLINE_LOST");
      await store.materialize();
      await expectEqualToHistory(store);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  });
});

/** Settles, whatever the online store was away for meanwhile. */
async function settled(store: Store): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      return await store.settled();
    } catch (error) {
      if (codeOf(error) !== "ASOF_ONLINE_UNAVAILABLE" || i > 100) throw error;
      await sleep(50);
    }
  }
}

/** Reads until an error of a code comes: until then others that may be tried again, and no answer. */
async function refusal(store: Store, code: string): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    const found = await store.features(clicks.profile, requests).then(() => "an answer", codeOf);
    if (found === code) return;
    expect(found).toBe("ASOF_ONLINE_UNAVAILABLE");
    await sleep(10);
  }
  expect.unreachable(`${code} did not come`);
}
