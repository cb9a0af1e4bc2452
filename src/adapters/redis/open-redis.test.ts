import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bytes, read, text } from "../../../test/conformance/online-store-bytes.ts";
import { formed, redisMissing, RedisServer, startCluster } from "../../../test/servers/redis-server.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";
import { hashSlot } from "./hash-slot.ts";
import { KeySpace } from "./key-space.ts";
import { openRedis, type RedisOptions } from "./open-redis.ts";
import type { RedisSettings } from "./redis-settings.ts";

const run = promisify(execFile);

const opened: OnlineStore[] = [];
async function openStore(settings: RedisSettings, options: Partial<RedisOptions> = {}): Promise<OnlineStore> {
  const store = await openRedis(settings, { owner: "home", ...options });
  opened.push(store);
  return store;
}
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

const one: Put = [bytes("a"), bytes("1")];

test("keys of an entity are in one partition, whatever the state; partitions are spread evenly over the slots", () => {
  const space = new KeySpace("asof:", 64);
  const entity = bytes("ORD");
  const head = (state: number): Uint8Array => Uint8Array.of(1, 0, 0, 0, state, 0, ...entity);
  const block = (state: number, n: number): Uint8Array =>
    Uint8Array.of(1, 0, 0, 0, state, 1, ...entity, 2, 0, 0, 0, 0, 0, 0, n);
  const places = [head(1), head(9), block(1, 4), block(200, 5)].map((key) => space.partitionOf(key));
  expect(new Set(places).size).toBe(1);
  expect(space.partitionOf(Uint8Array.of(0, 1))).toBe(0);
  expect(space.slots.map((slot) => Math.floor(slot / 256))).toEqual(Array.from({ length: 64 }, (_, i) => i));
  const many = Array.from({ length: 6_400 }, (_, i) =>
    space.partitionOf(Uint8Array.of(1, 0, 0, 0, 1, 0, ...bytes(`key ${i}`))),
  );
  const counts = Array.from({ length: 64 }, (_, p) => many.filter((one) => one === p).length);
  expect(Math.max(...counts)).toBeLessThan(160);
  expect(Math.min(...counts)).toBeGreaterThan(50);
  // Keys are stored under these for ever.
  expect(space.stored(0, bytes("x")).toString()).toBe("asof:{10}x");
});

describe.skipIf(redisMissing)(`Redis${redisMissing === null ? "" : ` (${redisMissing})`}`, () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  const ofServer = (prefix: string): RedisSettings => ({ url: server.url, prefix, timeout: "2s" });

  test("a store of another home is neither read nor written, and none begins beside another by accident", async () => {
    const store = await openStore(ofServer("taken:"));
    await store.commit([one]);
    for (const readOnly of [false, true]) {
      const other = openStore(ofServer("taken:"), { owner: "another", readOnly }).then((store) =>
        read(store, [one[0]]),
      );
      await expect(other).rejects.toMatchObject({ code: "ASOF_ONLINE_TAKEN" });
    }
    const beside = await openStore(ofServer("taken:beside:"), { owner: "another" });
    await beside.commit([[bytes("a"), bytes("2")]]);
    await store.clear(bytes(""));
    expect(await read(store, [bytes("a")])).toEqual([undefined]);
    expect(await read(beside, [bytes("a")])).toEqual([bytes("2")]);
  });

  test("who has been replaced as the writer writes nothing any more", async () => {
    const before = await openStore(ofServer("replaced:"));
    await before.commit([one]);
    const after = await openStore(ofServer("replaced:"));
    await expect(before.commit([[bytes("a"), bytes("2")]])).rejects.toMatchObject({ code: "ASOF_ONLINE_TAKEN" });
    await after.commit([[bytes("b"), bytes("3")]]);
    expect(await read(after, [bytes("a"), bytes("b")])).toEqual([bytes("1"), bytes("3")]);
  });

  test("who only reads waits for the writer to look after the server has started again", async () => {
    const own = await RedisServer.start();
    try {
      const settings: RedisSettings = { url: own.url, timeout: "500ms" };
      const writer = await openStore(settings);
      await writer.commit([one]);
      const reader = await openStore(settings, { readOnly: true });
      expect(await read(reader, [bytes("a")])).toEqual([bytes("1")]);
      await own.kill();
      await own.start();
      await expect
        .poll(() => read(reader, [bytes("a")]).catch((error: unknown) => String(error)), { timeout: 3_000 })
        .toMatch(/writer of the store has not made sure/);
      expect(await read(writer, [bytes("a")])).toEqual([bytes("1")]);
      await expect.poll(() => read(reader, [bytes("a")]), { timeout: 3_000 }).toEqual([bytes("1")]);
      // Emptied behind their backs.
      await own.ask("FLUSHALL");
      await expect(read(reader, [bytes("a")])).rejects.toMatchObject({ code: "ASOF_ONLINE_LOST" });
      await expect(writer.commit([one])).rejects.toMatchObject({ code: "ASOF_ONLINE_LOST" });
      await expect(read(writer, [bytes("a")])).rejects.toMatchObject({ code: "ASOF_ONLINE_LOST" });
      await writer.clear(bytes(""));
      expect(await read(reader, [bytes("a")])).toEqual([undefined]);
    } finally {
      await own.stop();
    }
  });

  test("an older state, put back as from a backup, is not served as the present", async () => {
    const own = await RedisServer.start();
    try {
      const writer = await openStore({ url: own.url, timeout: "1s" });
      await writer.commit([one]);
      const older = (await own.ask("GET", "asof:{0}")) as string;
      await writer.commit([[bytes("a"), bytes("2")]]);
      await own.ask("SET", "asof:{0}", older);
      await expect(read(writer, [bytes("a")])).rejects.toMatchObject({ code: "ASOF_ONLINE_LOST" });
    } finally {
      await own.stop();
    }
  });

  test("a server that may evict keys is refused, because what it evicts would read as never there", async () => {
    const own = await RedisServer.start(["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
    try {
      await expect(openStore({ url: own.url })).rejects.toMatchObject({
        code: "ASOF_CONFIG",
        message: expect.stringMatching(/allkeys-lru.*noeviction/) as string,
      });
    } finally {
      await own.stop();
    }
  });

  test("a full server refuses a commit whole, and is gone on with once it has room", async () => {
    const own = await RedisServer.start(["--maxmemory", "8mb"]);
    try {
      const store = await openStore({ url: own.url, timeout: "1s" });
      await store.commit([one]);
      const large = Array.from({ length: 20 }, (_, i): Put => [bytes(`large ${i}`), new Uint8Array(500_000)]);
      let failure: unknown = null;
      for (const i of [1, 2, 3]) {
        const changes = large.map(([key, value]): Put => [bytes(`${i} ${text(key)}`), value]);
        await store.commit(changes).catch((error: unknown) => (failure ??= error));
      }
      expect(failure).toMatchObject({
        code: "ASOF_ONLINE_UNAVAILABLE",
        message: expect.stringMatching(/OOM/) as string,
      });
      expect((await store.count(bytes(""))) % 20).toBe(1);
      await own.ask("CONFIG", "SET", "maxmemory", "0");
      await store.commit([[bytes("a"), bytes("2")]]);
      expect(await read(store, [bytes("a")])).toEqual([bytes("2")]);
    } finally {
      await own.stop();
    }
  });

  test("what cannot be reached or let in fails with a code, and never tells the password", async () => {
    const secret = "planted-secret";
    const own = await RedisServer.start(["--requirepass", "the-password"]);
    try {
      const url = own.url.replace("//", `//:${secret}@`);
      const failures = await Promise.all(
        [{ url }, { url: own.url, password: secret }, { url: own.url }].map((settings) =>
          openStore(settings).then(
            () => expect.unreachable(),
            (error: unknown) => error as Error,
          ),
        ),
      );
      for (const failure of failures) {
        expect(failure).toMatchObject({ code: "ASOF_CONFIG" });
        expect(JSON.stringify([failure, failure.message, failure.stack, failure.cause])).not.toContain(secret);
      }
      const store = await openStore({ url: own.url.replace("//", "//:the-password@") });
      await store.commit([one]);
      expect(await read(store, [bytes("a")])).toEqual([bytes("1")]);
    } finally {
      await own.stop();
    }
    await expect(openStore({ url: own.url })).rejects.toMatchObject({ code: "ASOF_ONLINE_UNAVAILABLE" });
  }, 20_000);

  test("over TLS, with a certificate that is trusted and without", async () => {
    const folder = await mkdtemp(join(tmpdir(), "asof-tls-"));
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
    const words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
    await run("openssl", [
      ...words,
      "-addext",
      "subjectAltName=DNS:localhost,IP:127.0.0.1",
      "-keyout",
      key,
      "-out",
      certificate,
    ]);
    const own = await RedisServer.startTls({ key, certificate }, ["--requirepass", "the-password"]);
    try {
      const url = `rediss://localhost:${own.port}`;
      const ca = await readFile(certificate, "utf8");
      const store = await openStore({ url, password: "the-password", tls: { ca } });
      await store.commit([one]);
      expect(await read(store, [bytes("a")])).toEqual([bytes("1")]);
      await expect(openStore({ url, password: "the-password" })).rejects.toMatchObject({
        code: "ASOF_ONLINE_UNAVAILABLE",
        message: expect.stringMatching(/self.signed certificate/) as string,
      });
    } finally {
      await own.stop();
      await rm(folder, { recursive: true, force: true });
    }
  }, 20_000);

  test("what a forgotten key had is in the server's files no longer, once these are written anew", async () => {
    const own = await RedisServer.start();
    try {
      const store = await openStore({ url: own.url });
      await store.commit([[bytes("zacharias-unmistakable"), bytes("1")], one]);
      const files = async (): Promise<string> =>
        (await run("sh", ["-c", `cat ${own.folder}/appendonlydir/*`], { encoding: "latin1" })).stdout;
      await expect.poll(files).toContain("zacharias-unmistakable");
      await store.commit([[bytes("zacharias-unmistakable"), null]]);
      expect(await files()).toContain("zacharias-unmistakable");
      await store.rewrite();
      expect(await files()).not.toContain("zacharias-unmistakable");
      expect(await read(store, [bytes("a")])).toEqual([bytes("1")]);
    } finally {
      await own.stop();
    }
  });

  describe("a cluster", () => {
    let nodes: RedisServer[];
    beforeAll(async () => {
      nodes = await startCluster();
    });
    afterAll(() => Promise.all(nodes.map((node) => node.stop())));
    const many = Array.from({ length: 300 }, (_, i) => bytes(`many ${i}`));
    const all = (n: number): Put[] => many.map((key) => [key, bytes(String(n))]);
    const ofCluster = (prefix: string): RedisSettings => ({
      nodes: nodes.map(({ node }) => node),
      prefix,
      timeout: "1s",
    });

    test("slots are what the servers take them for", async () => {
      for (const tag of ["0", "a", "2g", "1z8", "user1000"])
        expect(await nodes[0].ask("CLUSTER", "KEYSLOT", `x{${tag}}y`)).toBe(hashSlot(tag));
    });

    test("a commit that one node did not take is not seen in part, and finished by whoever opens the store next", async () => {
      const store = await openStore(ofCluster("torn:"));
      await store.commit(all(1));
      const reader = await openStore(ofCluster("torn:"), { readOnly: true });
      // The third node has no part of the store's record of itself: the commit reaches the others.
      nodes[2].signal("SIGSTOP");
      // Whether it comes through is not asked: it may give up while the next opens.
      const torn = store.commit(all(2)).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 300));
      const seen = await read(reader, many).then(
        (values) => new Set(values.map((value) => text(value!))).size,
        (error: unknown) => (error as { code: string }).code,
      );
      expect(["ASOF_ONLINE_UNAVAILABLE", 1]).toContain(seen);
      nodes[2].signal("SIGCONT");
      const next = await openStore(ofCluster("torn:"));
      await torn;
      const values = await read(next, many);
      expect(new Set(values.map((value) => text(value!)))).toEqual(new Set(["2"]));
      await next.commit(all(3));
      expect(new Set((await read(reader, many)).map((value) => text(value!)))).toEqual(new Set(["3"]));
    });

    test("one node that has lost what it was told is found out, by readers too", async () => {
      const store = await openStore(ofCluster("lost:"));
      await store.commit(all(1));
      const reader = await openStore(ofCluster("lost:"), { readOnly: true });
      expect((await read(reader, many)).length).toBe(300);
      const keys = (await nodes[1].ask("KEYS", "lost:*")) as string[];
      expect(keys.length).toBeGreaterThan(20);
      for (const key of keys) await nodes[1].ask("DEL", key);
      await expect(read(reader, many)).rejects.toMatchObject({ code: "ASOF_ONLINE_LOST" });
      await expect(read(store, many)).rejects.toMatchObject({ code: "ASOF_ONLINE_LOST" });
      await formed(nodes);
    });
  });
});
