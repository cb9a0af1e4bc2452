// Faults made for real: a disk that is full or read-only, a clock that steps back, fields and crowds that are too large.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFileLog } from "../../src/adapters/file-log/open-file-log.ts";
import { systemClock } from "../../src/adapters/clock/system-clock.ts";
import { sourceStream } from "../../src/core/definition/stream.ts";
import { HOUR } from "../../src/core/time/timestamp.ts";
import {
  aggregateView,
  AsofError,
  count,
  doctor,
  entity,
  eventSource,
  featureService,
  last,
  open,
  t,
} from "../../src/index.ts";
import type { Store } from "../../src/store.ts";
import { serve } from "../../src/surfaces/http/serve.ts";
import * as clicks from "./clicks.ts";
import { offlineRecords } from "./offline-records.ts";
import { expectSame, requests } from "./same-as-history.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-faults-"));
const mounts: string[] = [];
afterAll(() => {
  for (const mount of mounts) spawnSync("umount", [mount]);
  rmSync(folder, { recursive: true, force: true });
});

const CANNOT_MOUNT = ((): string | false => {
  const probe = path.join(folder, "probe");
  mkdirSync(probe);
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", probe]);
  if (status !== 0) return "a disk of its own can only be mounted by root";
  spawnSync("umount", [probe]);
  return false;
})();

function mount(name: string, size: string): string {
  const at = path.join(folder, name);
  mkdirSync(at);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", at]);
  mounts.push(at);
  return at;
}
const remount = (at: string, options: string): void => void execFileSync("mount", ["-o", `remount,${options}`, at]);

const codeOf = (error: unknown): string => (error instanceof AsofError ? error.code : String(error));

describe.skipIf(CANNOT_MOUNT !== false)(`a disk of its own${CANNOT_MOUNT === false ? "" : `: ${CANNOT_MOUNT}`}`, () => {
  test("that is full refuses with a code, loses nothing acknowledged, and serves on", async () => {
    const disk = mount("full", "6m");
    const home = path.join(disk, "home");
    const input = path.join(folder, "full.ndjson");
    let store = await open({ definitions: clicks, home });
    await store.apply();
    await store.materialize();
    const now = Date.now() * 1000;
    const acknowledged: number[][] = [];
    const refused = new Set<string>();
    let sent = 0;
    for (let i = 0; i < 400 && refused.size === 0; i++) {
      const numbers = Array.from({ length: 500 }, () => sent++);
      try {
        await store.ingest(
          "clicks",
          numbers.map((n) => clicks.clickOf(n, now - 10_000_000)),
        );
        acknowledged.push(numbers);
      } catch (error) {
        refused.add(codeOf(error));
      }
    }
    expect([...refused]).toEqual(["ASOF_HOME"]);
    expect(acknowledged.length).toBeGreaterThan(5);
    // Again, and in bulk: a code each time, and answers as before.
    await expect(store.ingest("clicks", [clicks.clickOf(sent, now)])).rejects.toMatchObject({ code: "ASOF_HOME" });
    writeFileSync(input, `${JSON.stringify(clicks.clickOf(999_999, now))}\n`);
    await expect(store.load("clicks", [input])).rejects.toBeInstanceOf(AsofError);
    expect(await store.features(clicks.profile, requests)).toHaveLength(requests.length);
    await store.close().catch((error: unknown) => expect(codeOf(error)).toMatch(/^ASOF_/));

    remount(disk, "size=64m");
    store = await open({ definitions: clicks, home });
    try {
      await store.settled();
      const there = (await offlineRecords(home, sourceStream(clicks.clicks.definition))).map(({ n }) => n as number);
      expect(new Set(there).size).toBe(there.length);
      expect([...there].sort((a, b) => a - b).slice(0, acknowledged.flat().length)).toEqual(acknowledged.flat());
      // What was refused is there whole, where the disk could not even be cut back, or not at all.
      expect([0, 500]).toContain(there.length - acknowledged.flat().length);
      await expectSame(store, there.length);
      await store.ingest("clicks", [clicks.clickOf(sent, now)]);
      await store.load("clicks", [input]);
      await store.materialize();
      await expectSame(store, there.length + 2);
    } finally {
      await store.close();
    }
    expect((await doctor({ definitions: clicks, home })).findings).toEqual([]);
  });

  test("that is read-only is refused with a code, and as it was once it can be written", async () => {
    const disk = mount("read-only", "32m");
    const home = path.join(disk, "home");
    let store = await open({ definitions: clicks, home });
    await store.apply();
    await store.materialize();
    await store.ingest("clicks", [clicks.clickOf(1, Date.now() * 1000 - 10_000_000)]);
    await store.close();
    // As an earlier version leaves it.
    rmSync(path.join(home, "online.lock"));
    remount(disk, "ro");
    await expect(open({ definitions: clicks, home })).rejects.toMatchObject({ code: "ASOF_HOME" });
    await expect(open({ definitions: clicks, home: path.join(disk, "new") })).rejects.toMatchObject({
      code: "ASOF_HOME",
    });
    // Where nobody can commit, who reads need not wait for anybody. In a process of its own: the driver keeps such a file open.
    const module = new URL("../../src/adapters/lmdb/open-lmdb.ts", import.meta.url).href;
    const script = `
      const { openLmdb } = await import(${JSON.stringify(module)});
      const store = await openLmdb(${JSON.stringify(path.join(home, "online"))}, { readOnly: true });
      process.stdout.write(String(await store.count(Uint8Array.of(1))));`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", script], {
      encoding: "utf8",
    });
    expect(Number(stdout)).toBeGreaterThan(0);
    remount(disk, "rw");
    store = await open({ definitions: clicks, home });
    try {
      await expectSame(store, 1);
    } finally {
      await store.close();
    }
  });
});

test("a clock that steps back an hour: stamps go on, nothing answered before changes", async () => {
  const home = path.join(folder, "clock");
  let back = 0;
  const system = systemClock();
  const clock = { ...system, now: () => system.now() - back };
  let store = await open({ definitions: clicks, home }, { clock });
  try {
    await store.apply();
    await store.materialize();
    await store.ingest("clicks", [clicks.clickOf(0, clock.now() - 10_000_000)]);
    await store.settled();
    const before = await store.features(clicks.profile, requests);
    back = HOUR;
    const [first, second] = [
      await store.ingest("clicks", [clicks.clickOf(5, clock.now() - 10_000_000)]),
      await store.ingest("clicks", [clicks.clickOf(10, clock.now() - 10_000_000)]),
    ];
    expect(first.stamp).toBeGreaterThan(before[0].t - 1);
    expect(second.stamp).toBeGreaterThan(first.stamp);
    await store.settled();
    const after = await store.features(clicks.profile, requests);
    expect(after[0].t).toBeGreaterThanOrEqual(before[0].t);
    await expectSame(store, 3);
    const again = await store.features("profile", requests, { at: before[0].t });
    expect(again.map(({ values }) => values)).toEqual(before.map(({ values }) => values));
    await store.close();
    // Also once it is opened again, an hour before its own last stamp.
    store = await open({ definitions: clicks, home }, { clock });
    const third = await store.ingest("clicks", [clicks.clickOf(15, clock.now() - 10_000_000)]);
    expect(third.stamp).toBeGreaterThan(second.stamp);
    await store.settled();
    await expectSame(store, 4);
  } finally {
    await store.close();
  }
});

test("a field of 10 MB goes all the way, in process and over HTTP; the server's limit refuses it with a code", async () => {
  const notes = eventSource("notes", {
    fields: { at: t.timestamp(), who: t.string(), note: t.string() },
    eventTime: "at",
    availableAt: "at",
  });
  const who = entity("who", { who: t.string() });
  const noted = aggregateView("noted", {
    source: notes,
    entity: who.from({ who: "who" }),
    features: { notes: count().over("1h"), latest: last("note").over("1h") },
  });
  const definitions = { notes, who, noted, board: featureService("board", [noted]) };
  const home = path.join(folder, "large");
  const large = "ä".repeat(5 * 2 ** 20);
  const at = Date.now() * 1000 - 10_000_000;
  let store = await open({ definitions, home }, { archiveFrom: 2 });
  try {
    await store.apply();
    await store.materialize();
    await store.ingest("notes", [{ at, who: "ann", note: large }]);
    const [limited, open_] = [await serve(store, { port: 0 }), await serve(store, { port: 0, bodyLimit: 2 ** 24 })];
    const post = (url: string): Promise<Response> =>
      fetch(`${url}/v1/events/notes?wait=applied`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify([{ at: at + 1, who: "bob", note: large }]),
      });
    const refused = await post(limited.url);
    expect([refused.status, ((await refused.json()) as { error: { code: string } }).error.code]).toEqual([
      413,
      "ASOF_TOO_LARGE",
    ]);
    const taken = await post(open_.url);
    expect(taken.status, await taken.text()).toBe(200);
    await Promise.all([limited.close(), open_.close()]);
    await store.close();
    store = await open({ definitions, home }, { archiveFrom: 2 });
    const answers = await store.features("board", [{ who: "ann" }, { who: "bob" }]);
    expect(answers.map(({ values }) => [values["noted__notes_1h"], values["noted__latest_1h"] === large])).toEqual([
      [1, true],
      [1, true],
    ]);
    const [then] = await store.features("board", [{ who: "bob" }], { at: answers[0].t });
    expect(then.values["noted__latest_1h"] === large).toBe(true);
  } finally {
    await store.close();
  }
});

describe("crowds", () => {
  let store: Store;
  beforeAll(async () => {
    store = await open({ definitions: clicks, home: path.join(folder, "crowds") });
    await store.apply();
    await store.materialize();
    return () => store.close();
  });

  const OPEN_FILES = Number(execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).replace("unlimited", "1e9"));
  const ask = async (url: string): Promise<number> => {
    const response = await fetch(`${url}/v1/features/profile`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ entities: [{ user: "ann" }] }),
    });
    await response.arrayBuffer();
    return response.status;
  };

  test.skipIf(OPEN_FILES < 11_000)(
    `10,000 idle connections are held beside one that is answered (open files: ${OPEN_FILES})`,
    async () => {
      const server = await serve(store, { port: 0, maxConnections: 10_100 });
      const before = process.memoryUsage().rss;
      // In a process of its own: each connection is a file at both ends.
      const crowd = spawn(
        process.execPath,
        [
          "-e",
          `const net = require("node:net");
           let open = 0, at = 0;
           const next = () => {
             if (at++ >= 10_000) return;
             net.connect(${new URL(server.url).port}, "127.0.0.1", () => {
               if (++open === 10_000) process.stdout.write("open");
               next();
             }).on("error", () => {});
           };
           for (let i = 0; i < 100; i++) next();`,
        ],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      try {
        const [said] = (await once(crowd.stdout, "data")) as [Buffer];
        expect(said.toString()).toBe("open");
        const began = performance.now();
        for (let i = 0; i < 20; i++) expect(await ask(server.url)).toBe(200);
        expect(performance.now() - began).toBeLessThan(10_000);
        expect(process.memoryUsage().rss - before).toBeLessThan(400 * 2 ** 20);
      } finally {
        crowd.kill("SIGKILL");
        await server.close();
      }
    },
  );

  test("more connections than the server holds are closed, and it answers again once they are gone", async () => {
    const server = await serve(store, { port: 0, maxConnections: 50 });
    const { port } = new URL(server.url);
    const sockets = Array.from({ length: 200 }, () => net.connect(Number(port), "127.0.0.1").on("error", () => {}));
    await expect.poll(() => sockets.filter((socket) => socket.destroyed || socket.readableEnded).length).toBe(150);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => ask(server.url).catch(() => 0)).toBe(200);
    await server.close();
  });

  test("a client that stops reading takes no memory for ever, and nobody's time", async () => {
    const server = await serve(store, { port: 0, drainTimeout: 500 });
    const { port } = new URL(server.url);
    const socket = net.connect(Number(port), "127.0.0.1").on("error", () => {});
    socket.pause();
    const body = JSON.stringify({ entities: Array.from({ length: 1000 }, () => ({ user: "ann" })) });
    const request = `POST /v1/features/profile HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const before = process.memoryUsage().rss;
    // Some 300 kB are answered to each; 1,000 of them are asked for.
    for (let i = 0; i < 1000; i++) socket.write(request);
    await sleep(1500);
    expect(process.memoryUsage().rss - before).toBeLessThan(250 * 2 ** 20);
    for (let i = 0; i < 5; i++) expect(await ask(server.url)).toBe(200);
    const began = performance.now();
    await server.close();
    expect(performance.now() - began).toBeLessThan(5000);
    socket.destroy();
  });
});

test("what a newer version wrote is ASOF_FORMAT, and says so", async () => {
  const home = path.join(folder, "newer");
  const store = await open({ definitions: clicks, home });
  await store.apply();
  await store.close();
  const newer: [string, (home: string) => unknown][] = [
    ["registry", sqlite],
    [
      "forgotten list",
      (copy) => writeFileSync(path.join(copy, "forgotten.json"), '{"format":99,"secret":"","keys":[]}'),
    ],
  ];
  for (const [what, make] of newer) {
    const copy = mkdtempSync(path.join(folder, "newer-"));
    cpSync(home, copy, { recursive: true });
    await make(copy);
    await expect(open({ definitions: clicks, home: copy }), what).rejects.toMatchObject({ code: "ASOF_FORMAT" });
  }
  // The log can still be opened by this version's own writer: nothing was taken by those who failed.
  await (await openFileLog(path.join(home, "log"))).close();
});

async function sqlite(home: string): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path.join(home, "registry.sqlite"));
  database.exec("pragma user_version = 99");
  database.close();
}
