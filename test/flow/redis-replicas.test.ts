import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RedisSettings } from "../../src/adapters/redis/redis-settings.ts";
import { redisMissing, RedisServer, startCluster } from "../servers/redis-server.ts";
import { Switchboard } from "../servers/switchboard.ts";
import * as clicks from "./clicks.ts";
import {
  closeStores,
  expectEqualToHistory,
  ingest,
  prepared,
  recovery,
  refusal,
  removeHomes,
  requests,
  start,
} from "./clicks-in-redis.ts";

afterEach(closeStores);
afterAll(removeHomes);

describe.skipIf(redisMissing)(`replicas of Redis${redisMissing === null ? "" : ` (${redisMissing})`}`, () => {
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
