import { randomUUID } from "node:crypto";
import { openRedis } from "../../src/adapters/redis/open-redis.ts";
import type { RedisSettings } from "../../src/adapters/redis/redis-settings.ts";
import type { OnlineStoreUnderTest } from "./online-store-under-test.ts";

/** A place in a server, or in a cluster: how to reach it, and a prefix of its own. */
export function redisSubject(name: string, settings: () => RedisSettings): OnlineStoreUnderTest {
  return {
    name,
    makePlace: async () => JSON.stringify({ ...settings(), prefix: `place:${randomUUID()}:` }),
    removePlace: async (place) => {
      const store = await subject.open(place);
      await store.clear(new Uint8Array(0));
      await store.close();
    },
    open: subject.open,
    module: import.meta.url,
    multiProcess: true,
    survivesKill: true,
    writersTakeTurns: { skip: "the last that opened the store to write is the only writer" },
    scansSnapshot: { skip: "Redis has no snapshots that last longer than a command" },
  };
}

/** What a process of its own opens. */
export const subject = {
  open: (place: string) => openRedis(JSON.parse(place) as RedisSettings, { owner: "conformance" }),
};
