import { Cluster, type Redis } from "ioredis";
import { KeySpace } from "../src/adapters/redis/key-space.ts";
import { openRedis } from "../src/adapters/redis/open-redis.ts";
import type { RedisSettings } from "../src/adapters/redis/redis-settings.ts";
import { headKey } from "../src/core/codec/online-keys.ts";
import type { OnlineStore, Put } from "../src/ports/online-store.ts";
import { formed, redisMissing, RedisServer, startCluster } from "../test/servers/redis-server.ts";
import { alternate, type BenchCase, type BenchOptions, compare, contender, type Measurement } from "./measure.ts";

// Entities a second that are read from Redis in batches of 100, through the online store and by the bare driver: the
// same keys, the same bytes, as many requests in flight. And changes a second that are committed, 10,000 at a time.

const ENTITIES = 50_000;
const BYTES = 200;
const BATCH = 100;
/** Reads of one round: short ones, so that what else the machine does falls on both alike. */
const READS = 50;
const ROUNDS = 401;
/** Code that is called once a read takes thousands of them to be compiled. */
const WARMUPS = 100;
const COMMITTED = 10_000;

const keys = Array.from({ length: ENTITIES }, (_, i) =>
  headKey(1, new TextEncoder().encode(`entity ${String(i).padStart(6, "0")}`)),
);
const valueOf = (i: number, version = 0): Uint8Array =>
  new Uint8Array(BYTES).map((_, at) => (i * 31 + at * 7 + version) & 0xff);

/** Entities in an order that jumps about. */
const batches = Array.from({ length: READS }, (_, b) =>
  Array.from({ length: BATCH }, (_, i) => ((b * BATCH + i) * 7_919) % ENTITIES),
);

/** Reads a batch; calls back for each value. */
type Read = (batch: readonly number[], visit: (i: number, value: Uint8Array) => void) => Promise<void>;

function throughStore(store: OnlineStore): Read {
  return async (batch, visit) => {
    await store.read(
      batch.map((i) => keys[i]),
      (at, value) => visit(batch[at], value!),
    );
  };
}

/** One MGET a batch. */
function bareServer(redis: Redis, space: KeySpace): Read {
  const names = keys.map((key) => space.stored(0, key).toString("latin1"));
  return async (batch, visit) => {
    const values = await redis.mgetBuffer(batch.map((i) => names[i]));
    for (const [at, value] of values.entries()) visit(batch[at], value!);
  };
}

/** One MGET a slot, all at once: a cluster takes no other. */
function bareCluster(cluster: Cluster, space: KeySpace): Read {
  const places = keys.map((key) => {
    const partition = space.partitionOf(key);
    return { partition, name: space.stored(partition, key) };
  });
  return async (batch, visit) => {
    const groups = Map.groupBy(batch, (i) => places[i].partition);
    await Promise.all(
      [...groups.values()].map(async (group) => {
        const values = await cluster.mgetBuffer(group.map((i) => places[i].name));
        for (const [at, value] of values.entries()) visit(group[at], value!);
      }),
    );
  };
}

/** All batches, so many of them in flight at a time. A sum of the values shows that they were looked at. */
async function readAll(read: Read, inFlight: number): Promise<number> {
  let sum = 0;
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < batches.length) await read(batches[next++], (_, value) => (sum += value[0] + value.length));
    }),
  );
  return sum;
}

function fastest<T>(measured: Measurement<T>): Measurement<T> {
  const sorted = measured.samples.toSorted((a, b) => a - b);
  return { ...measured, milliseconds: sorted[Math.floor(sorted.length / 20)] };
}

async function isEqual(read: Read): Promise<boolean> {
  let wrong = 0;
  for (const batch of batches) {
    let seen = 0;
    await read(batch, (i, value) => {
      seen++;
      if (Buffer.compare(value, valueOf(i)) !== 0) wrong++;
    });
    if (seen !== batch.length) wrong++;
  }
  return wrong === 0;
}

async function measure(where: string, settings: RedisSettings, bare: (space: KeySpace) => Read): Promise<BenchCase[]> {
  const store = await openRedis(settings, { owner: "bench" });
  try {
    const all = keys.map((key, i): Put => [key, valueOf(i)]);
    for (let i = 0; i < ENTITIES; i += COMMITTED) await store.commit(all.slice(i, i + COMMITTED));
    const ours = throughStore(store);
    const reference = bare(new KeySpace(settings.prefix!, settings.nodes === undefined ? 1 : 64));
    const equal = (await isEqual(ours)) && (await isEqual(reference));
    const cases: BenchCase[] = [];
    for (const inFlight of [1, 8]) {
      const [a, b] = await alternate(
        [contender("store", () => readAll(ours, inFlight)), contender("bare", () => readAll(reference, inFlight))],
        { rounds: ROUNDS, warmups: WARMUPS },
      );
      const name = `${where}, reads of ${BATCH}, ${inFlight} in flight`;
      const rate = { work: READS * BATCH, unit: "entities/s" };
      const same = { equal: equal && a.result === b.result, rate };
      cases.push(compare(name, a, b, same));
      // Where the least is to be seen of what else the machine does.
      cases.push(compare(`${name}, the fastest twentieth`, fastest(a), fastest(b), same));
    }
    return cases;
  } finally {
    await store.close();
  }
}

async function commits(server: RedisServer): Promise<BenchCase> {
  const store = await openRedis({ url: server.url, prefix: "commits:", timeout: "5s" }, { owner: "bench" });
  const redis = server.client();
  try {
    const values = keys.slice(0, COMMITTED).map((_, i) => valueOf(i, 1));
    const changes = values.map((value, i): Put => [keys[i], value]);
    const pairs = values.flatMap((value, i) => [Buffer.concat([Buffer.from("bare:"), keys[i]]), Buffer.from(value)]);
    const [a, b] = await alternate(
      [
        contender("store", async () => {
          await store.commit(changes);
          return null;
        }),
        contender("bare", async () => {
          await redis.mset(pairs);
          return null;
        }),
      ],
      { rounds: 15, warmups: 3 },
    );
    let equal = true;
    await store.read(keys.slice(0, COMMITTED), (i, value) => (equal &&= Buffer.compare(value!, values[i]) === 0));
    const rate = { work: COMMITTED, unit: "changes/s" };
    return compare(`one server, commits of ${COMMITTED}, against MSET`, a, b, { equal, rate });
  } finally {
    redis.disconnect();
    await store.close();
  }
}

export async function run({ log }: BenchOptions): Promise<BenchCase[]> {
  if (redisMissing !== null) throw new Error(redisMissing);
  const [server, nodes] = await Promise.all([RedisServer.start(), startCluster()]);
  const redis = server.client();
  const cluster = new Cluster(
    nodes.map(({ port }) => ({ host: "127.0.0.1", port })),
    { redisOptions: { protocol: 2 } },
  );
  try {
    await formed(nodes);
    log(`${ENTITIES} entities of ${BYTES} bytes, ${ROUNDS} rounds of ${READS} reads`);
    return [
      ...(await measure("one server", { url: server.url, prefix: "bench:", timeout: "5s" }, (space) =>
        bareServer(redis, space),
      )),
      ...(await measure(
        "three nodes",
        { nodes: nodes.map(({ node }) => node), prefix: "bench:", timeout: "5s" },
        (space) => bareCluster(cluster, space),
      )),
      await commits(server),
    ];
  } finally {
    redis.disconnect();
    cluster.disconnect();
    await Promise.all([server, ...nodes].map((one) => one.stop()));
  }
}
