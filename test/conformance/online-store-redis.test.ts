import { afterAll, beforeAll, describe } from "vitest";
import { redisMissing, RedisServer, startCluster } from "../servers/redis-server.ts";
import { onlineStoreConformance } from "./online-store.ts";
import { redisSubject } from "./redis-subject.ts";

describe.skipIf(redisMissing)(`Redis${redisMissing === null ? "" : ` (${redisMissing})`}`, () => {
  let server: RedisServer;
  let nodes: RedisServer[] = [];
  beforeAll(async () => {
    [server, nodes] = await Promise.all([RedisServer.start(), startCluster()]);
  });
  afterAll(() => Promise.all([server, ...nodes].map((one) => one.stop())));

  onlineStoreConformance(redisSubject("redis", () => ({ url: server.url, timeout: "10s" })));
  onlineStoreConformance(
    redisSubject("redis cluster", () => ({ nodes: nodes.map(({ node }) => node), timeout: "10s" })),
  );
});
