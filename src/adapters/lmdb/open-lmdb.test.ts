import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, open, readFile, realpath, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { OnlineStore, Put } from "../../ports/online-store.ts";
import { copyLmdb } from "./copy-lmdb.ts";
import { LAST_KEY } from "./key-range.ts";
import { openDatabase } from "./lmdb-database.ts";
import { openLmdb } from "./open-lmdb.ts";

let root: string;
let folder: string;
let file: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "asof-lmdb-"));
  folder = join(root, "online");
  file = join(folder, "data.mdb");
  await mkdir(folder);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const entries = (count: number, size: number): Put[] =>
  Array.from({ length: count }, (_, i) => [Buffer.from(`key ${i}`), new Uint8Array(size).fill(i)]);

async function fill(count: number, size = 100): Promise<void> {
  const store = await openLmdb(folder);
  await store.commit(entries(count, size));
  await store.close();
}

test("a copy takes a large commit first, which ends the process where the driver finds no free page in it", async () => {
  await fill(6_000, 200);
  const copy = join(folder, "copy");
  await copyLmdb(folder, copy);
  const script = `
    const { openLmdb } = await import(${JSON.stringify(new URL("./open-lmdb.ts", import.meta.url).href)});
    const store = await openLmdb(${JSON.stringify(copy)});
    await store.commit(Array.from({ length: 6_000 }, (_, i) => [Buffer.from("key " + i), new Uint8Array(200)]));
    await store.close();
    process.stdout.write("committed");`;
  const { stdout, signal } = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", script], {
    encoding: "utf8",
  });
  expect({ stdout, signal }).toEqual({ stdout: "committed", signal: null });
});

test("a commit waits while another process opens the store, the first one of a process too", async () => {
  const store = await openLmdb(folder);
  onTestFinished(() => store.close());
  for (let n = 0; n < 2; n++) {
    const opening = new DatabaseSync(`${await realpath(folder)}.lock`);
    opening.exec("begin exclusive");
    let isCommitted = false;
    const committed = store.commit(entries(1 + n, 10)).then(() => (isCommitted = true));
    await sleep(50);
    expect(isCommitted).toBe(false);
    opening.close();
    await committed;
  }
  expect(await store.count(Buffer.from("key"))).toBe(2);
});

/** Commits what belongs together, generation after generation, until its standard input ends; finds what it committed. */
const generations = `
  const [module, folder] = process.argv.slice(1);
  const { openLmdb } = await import(module);
  const store = await openLmdb(folder);
  let isTold = false;
  process.stdin.resume().once("end", () => (isTold = true));
  for (let n = 0; !isTold; n++) {
    const keys = Array.from({ length: 8 }, (_, i) => Buffer.from("state " + n + " " + i));
    const size = 50 + ((n * 31) % 300);
    await store.commit(keys.map((key) => [key, Buffer.alloc(size, n)]));
    await store.commit([[Buffer.from("newest"), Buffer.from(String(n))]]);
    await store.clear(Buffer.from("state " + (n - 1) + " "));
    let found = 0;
    store.read([Buffer.from("newest"), ...keys], (i, value = Buffer.alloc(0)) => {
      if (i === 0 ? Buffer.from(value).toString() === String(n) : value.length === size) found++;
    });
    if (found !== 9) throw new Error("of generation " + n + " only " + found + " of 9 are there");
    if (n === 0) process.stdout.write("ready");
  }
  await store.close();`;

describe("opening", () => {
  test("while another process commits harms neither: what is copied is one of its generations, and it loses none", async () => {
    const module = new URL("./open-lmdb.ts", import.meta.url).href;
    const given = ["--input-type=module-typescript", "-e", generations, module, folder];
    const writer = spawn(process.execPath, given, { stdio: ["pipe", "pipe", "inherit"] });
    onTestFinished(() => void writer.kill());
    const ended = once(writer, "close");
    await once(writer.stdout, "data");
    // Without the guard one in some tens is half of one generation and half of another.
    for (let copies = 0; copies < 300; copies++) {
      const copy = join(root, "copy");
      await copyLmdb(folder, copy);
      const store = await openLmdb(copy);
      let newest = "";
      await store.read([Buffer.from("newest")], (_, value) => (newest = Buffer.from(value ?? []).toString()));
      expect(await store.count(Buffer.from(`state ${newest} `)), `copy ${copies}, generation ${newest}`).toBe(8);
      await store.close();
      await rm(copy, { recursive: true });
    }
    writer.stdin.end();
    expect(await ended).toEqual([0, null]);
  }, 60_000);

  test("a path that is no folder, or cannot be made, is ASOF_HOME", async () => {
    const path = join(folder, "file");
    await writeFile(path, "");
    for (const place of [path, join(path, "below")])
      await expect(openLmdb(place)).rejects.toMatchObject({ code: "ASOF_HOME", details: { path: place } });
  });

  test("a file that is not LMDB's is ASOF_CORRUPT, and is left as it was", async () => {
    for (const content of ["short", "no LMDB file ".repeat(1_000)]) {
      await writeFile(file, content);
      for (const readOnly of [true, false])
        await expect(openLmdb(folder, { readOnly })).rejects.toMatchObject({ code: "ASOF_CORRUPT", details: { file } });
      expect(await readFile(file, "utf8")).toBe(content);
    }
  });

  test("to write, while this process has it open to read only, is refused until that has ended", async () => {
    await fill(3);
    const [reader, other] = [await openLmdb(folder, { readOnly: true }), await openLmdb(folder, { readOnly: true })];
    await expect(openLmdb(folder)).rejects.toMatchObject({ code: "ASOF_BUSY", details: { path: folder } });
    await reader.close();
    await expect(openLmdb(folder)).rejects.toMatchObject({ code: "ASOF_BUSY" });
    await other.close();
    const writer = await openLmdb(folder);
    await writer.commit([[Buffer.from("key 3"), Buffer.from("3")]]);
    // The other way round they go together, in any order of their ends.
    const late = await openLmdb(folder, { readOnly: true });
    await writer.close();
    const again = await openLmdb(folder);
    await again.commit([[Buffer.from("key 4"), Buffer.from("4")]]);
    expect(await late.count(Buffer.from("key"))).toBe(5);
    await Promise.all([late.close(), again.close()]);
  });

  test("an LMDB database that is no online store is ASOF_CORRUPT, and is left as it was", async () => {
    const other = openDatabase(folder, {}, null);
    await other.put(Buffer.from("a"), Buffer.from("1"));
    await other.close();
    for (const readOnly of [true, false])
      await expect(openLmdb(folder, { readOnly })).rejects.toMatchObject({ code: "ASOF_CORRUPT" });
    const again = openDatabase(folder, {}, null);
    expect([...again.getKeys()]).toHaveLength(1);
    await again.close();
  });

  test("a store of a newer format, asof's or LMDB's, is ASOF_FORMAT", async () => {
    await fill(1);
    const database = openDatabase(folder, {}, null);
    await database.put(LAST_KEY, Buffer.from("asof online store 3"));
    await database.close();
    await expect(openLmdb(folder)).rejects.toMatchObject({ code: "ASOF_FORMAT", details: { format: 3 } });

    const handle = await open(file, "r+");
    await handle.write(Uint8Array.of(3), 0, 1, 28);
    await handle.close();
    await expect(openLmdb(folder)).rejects.toMatchObject({ code: "ASOF_FORMAT", details: { file } });
  });

  test("a file that was cut off is ASOF_CORRUPT, wherever it was cut", async () => {
    await fill(20_000);
    const whole = await readFile(file);
    for (const part of [0.001, 0.1, 0.5, 0.9, 0.99]) {
      await writeFile(file, whole);
      // Most at the end of a page: there the file has no other mark of it.
      const cut = Math.floor(whole.length * part);
      await truncate(file, part === 0.9 ? cut : cut - (cut % 4_096));
      await expect(openLmdb(folder)).rejects.toMatchObject({ code: "ASOF_CORRUPT", details: { file } });
    }
    await writeFile(file, whole);
    const store = await openLmdb(folder);
    expect(await store.count(new Uint8Array(0))).toBe(20_000);
    await store.close();
  });

  test("a file that lacks only pages which hold nothing is sound", async () => {
    // What a commit adds and removes again takes pages at the end, which are freed before they are ever written.
    await fill(3_000);
    const store = await openLmdb(folder);
    const passing = entries(3_000, 3_000).map(([key, value]): Put => [Buffer.concat([Buffer.from("z"), key]), value]);
    await store.commit([...passing, ...passing.map(([key]): Put => [key, null])]);
    await store.close();
    const again = await openLmdb(folder);
    expect(await again.count(new Uint8Array(0))).toBe(3_000);
    await again.close();
  });
});

describe("a reader", () => {
  test("of a store that is not there yet is refused, and makes nothing", async () => {
    const none = join(folder, "none");
    await expect(openLmdb(none, { readOnly: true })).rejects.toMatchObject({ code: "ASOF_HOME" });
    await expect(open(none)).rejects.toThrow("ENOENT");
    await mkdir(none);
    await openDatabase(none, {}, null).close();
    await expect(openLmdb(none, { readOnly: true })).rejects.toMatchObject({ code: "ASOF_HOME" });
  });

  test("reads, scans and counts, and must not commit", async () => {
    await fill(10);
    const reader = await openLmdb(folder, { readOnly: true });
    let size: number | undefined;
    await reader.read([Buffer.from("key 3")], (_, value) => {
      size = value?.length;
    });
    expect(size).toBe(100);
    expect(await reader.count(Buffer.from("key"))).toBe(10);
    await reader.flushed();
    await expect(reader.commit([])).rejects.toThrow("internal error");
    await reader.close();
  });
});

describe("a disk that is full", () => {
  // A limit on the size of files, set for a process of its own, is as good as a full disk.
  test("fails the commit with ASOF_HOME and those behind it, changes nothing, and the store goes on", () => {
    const script = `
      import { openLmdb } from ${JSON.stringify(new URL("./open-lmdb.ts", import.meta.url).href)};
      const store = await openLmdb(${JSON.stringify(folder)});
      const all = (n, size) => Array.from({ length: 300 }, (_, i) => [Buffer.from("key " + i), Buffer.alloc(size, n)]);
      const seen = () => {
        const found = new Set();
        store.read(all(0, 0).map(([key]) => key), (_, value) => found.add(value[0] + ":" + value.length));
        return [...found];
      };
      const report = [];
      const attempt = async (changes) => {
        try {
          await store.commit(changes);
          report.push("committed");
        } catch (error) {
          report.push(error.code);
        }
      };
      await attempt(all(1, 100));
      await Promise.all([attempt(all(2, 20_000)), attempt(all(3, 100)), attempt([])]);
      report.push(...seen());
      await attempt(all(4, 100));
      report.push(...seen());
      await store.flushed();
      await store.close();
      process.stdout.write(JSON.stringify(report));`;
    const { stdout, status } = spawnSync(
      "bash",
      ["-c", 'ulimit -f 2048; exec "$0" --input-type=module-typescript -e "$1"', process.execPath, script],
      { encoding: "utf8" },
    );
    expect(JSON.parse(stdout || "null")).toEqual([
      "committed",
      "ASOF_HOME",
      "ASOF_HOME",
      "ASOF_HOME",
      "1:100",
      "committed",
      "4:100",
    ]);
    expect(status).toBe(0);
  });
});

describe("commits of another thread", () => {
  const META = Buffer.from("meta");
  const COMMITTED = 3_000;
  let store: OnlineStore;
  let thread: Worker;

  /** Starts a thread that commits numbers that grow, each with a few thousand other keys, and tells of each. */
  async function start(told: (number: number) => void): Promise<void> {
    const script = `
      import { parentPort } from "node:worker_threads";
      import { openLmdb } from ${JSON.stringify(new URL("./open-lmdb.ts", import.meta.url).href)};
      const store = await openLmdb(${JSON.stringify(folder)}, { onlyWriter: true });
      for (let n = 0; ; n++) {
        const changes = Array.from({ length: ${COMMITTED} }, (_, i) => [Buffer.from("key " + i), Buffer.from(String(n))]);
        await store.commit([...changes, [Buffer.from("meta"), Buffer.from(String(n))]]);
        parentPort.postMessage(n);
      }`;
    const module = join(root, "thread.mts");
    await writeFile(module, script);
    thread = new Worker(module, { execArgv: [] });
    thread.on("message", told);
    const [n] = (await once(thread, "message")) as [number];
    expect(n).toBe(0);
  }

  function numberIn(key: Uint8Array): number {
    let found = -1;
    void store.read([key], (_, value) => (found = value === undefined ? -1 : Number(Buffer.from(value).toString())));
    return found;
  }

  beforeEach(async () => {
    store = await openLmdb(folder, { onlyWriter: true });
  });
  afterEach(async () => {
    await thread.terminate();
    await store.close();
  });

  test("are seen once it is told of them, whole", async () => {
    const seen: (readonly number[])[] = [];
    await start((n) => {
      // What was looked at before must not be looked at again.
      numberIn(META);
      store.refresh();
      seen.push([n, numberIn(META), numberIn(Buffer.from(`key ${COMMITTED - 1}`))]);
    });
    await expect.poll(() => seen.length, { timeout: 20_000 }).toBeGreaterThan(30);
    for (const [told, meta, last] of seen) {
      expect(meta).toBeGreaterThanOrEqual(told);
      expect(last).toBeGreaterThanOrEqual(meta);
    }
  });

  test("keep nobody waiting where it ends in the midst of one, and are there whole or not at all", async () => {
    for (let round = 0; round < 12; round++) {
      let told = -1;
      await start((n) => (told = n));
      await sleep(7 * round);
      await thread.terminate();
      store.refresh();
      const [meta, last] = [numberIn(META), numberIn(Buffer.from(`key ${COMMITTED - 1}`))];
      expect(meta).toBe(last);
      expect(meta).toBeGreaterThanOrEqual(told);
      await store.commit([[Buffer.from("mine"), Buffer.from(String(round))]]);
      await store.flushed();
      expect([numberIn(META), numberIn(Buffer.from("mine"))]).toEqual([meta, round]);
    }
  });
});

describe("a rewrite", () => {
  const secret = "nobody-must-know-this";

  test("leaves no byte of what was removed, and readers of other processes follow it", async () => {
    const store = await openLmdb(folder);
    const known = Array.from({ length: 300 }, (_, i): Put => [
      Buffer.from(`${i % 3 === 0 ? secret : "public"} ${i}`),
      Buffer.from(i % 2 === 0 ? secret : "public"),
    ]);
    await store.commit(known);
    await store.commit(known.map(([key, value]) => [key, value!.toString().includes(secret) ? null : value]));
    await store.clear(Buffer.from(secret));
    await store.flushed();
    expect((await readFile(file)).includes(secret)).toBe(true);

    const reader = await openLmdb(folder, { readOnly: true });
    expect(await reader.count(Buffer.from("public"))).toBe(100);
    await store.rewrite();
    expect((await readFile(file)).includes(secret)).toBe(false);
    await store.commit([[Buffer.from("public new"), Buffer.from("1")]]);
    await expect.poll(() => reader.count(Buffer.from("public")), { timeout: 5_000 }).toBe(101);
    await reader.close();
    await store.close();
    const again = await openLmdb(folder);
    expect(await again.count(Buffer.from(""))).toBe(101);
    await again.close();
  });

  test("that a crash interrupts is finished or undone by the next that opens", async () => {
    await fill(10);
    for (const left of [".building", ".new", ".old"]) await mkdir(folder + left);
    await (await openLmdb(folder)).close();
    await rename(folder, `${folder}.new`);
    const store = await openLmdb(folder);
    expect(await store.count(Buffer.from("key"))).toBe(10);
    await store.close();
    for (const left of [".building", ".new", ".old"]) expect(existsSync(folder + left)).toBe(false);
  });
});
