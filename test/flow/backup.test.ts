import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeManifest } from "../../src/core/codec/backup-manifest.ts";
import { sourceStream } from "../../src/core/definition/stream.ts";
import type { FeatureAnswer } from "../../src/core/result/answers.ts";
import { backup, open, restore, type Store } from "../../src/index.ts";
import { readJobNotes, writeJobNotes } from "../../src/surfaces/schedule/job-book.ts";
import * as clicks from "./clicks.ts";
import { historyFiles, offlineRecords } from "./offline-records.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-backup-"));
let child: ChildProcess | null = null;
afterAll(() => {
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const plain = ({ values, statuses, eventTimes, t }: FeatureAnswer): object => ({ values, statuses, eventTimes, t });
const numbersIn = async (home: string): Promise<number[]> =>
  (await offlineRecords(home, sourceStream(clicks.clicks.definition))).map(({ n }) => n as number);

/** Online is what history gives, and what is in history counts online once. */
async function expectWhole(home: string, where: string): Promise<number[]> {
  const numbers = await numbersIn(home);
  expect(new Set(numbers).size, where).toBe(numbers.length);
  const { known, found, staged } = await historyFiles(home);
  expect(found, where).toEqual(known);
  expect(staged, where).toEqual([]);
  const store = await open({ definitions: clicks, home }, { whenLocked: "refuse" });
  try {
    await store.settled();
    await store.materialize();
    const online = await store.features(
      clicks.profile,
      clicks.users.map((user) => ({ user })),
    );
    const offline = await store.features(
      "profile",
      clicks.users.map((user) => ({ user })),
      { at: online[0].t },
    );
    expect(online.map(plain), where).toEqual(offline.map(plain));
    expect(
      online.reduce((sum, { values }) => sum + values.activity__clicks_lifetime, 0),
      where,
    ).toBe(numbers.length);
  } finally {
    await store.close();
  }
  return numbers;
}

describe("under load", () => {
  test("a backup of a store that another process writes to, loads into, archives and merges", async () => {
    const home = path.join(folder, "busy");
    const script = fileURLToPath(new URL("./crash-child.ts", import.meta.url));
    const running = spawn(process.execPath, [script, home, "bulk", "7", "0", "400"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    child = running;
    const ended = once(running, "close");
    const acknowledged: number[][] = [];
    const ready = Promise.withResolvers<void>();
    createInterface(running.stdout).on("line", (line) => {
      const word = JSON.parse(line) as Record<string, unknown>;
      if ("acknowledged" in word) acknowledged.push(word["acknowledged"] as number[]);
      if ("ready" in word) ready.resolve();
    });
    await ready.promise;
    for (let round = 0; round < 2; round++) {
      await sleep(500);
      const before = [...acknowledged];
      const to = path.join(folder, `busy-backup-${round}`);
      const taken = await backup(home, to);
      const restored = path.join(folder, `busy-restored-${round}`);
      const outcome = await restore({ definitions: clicks, home: restored }, to);
      expect(outcome.log).toEqual(taken.log);
      const there = new Set(await expectWhole(restored, `round ${round}`));
      expect(before.length).toBeGreaterThan(0);
      for (const [first, last] of before)
        for (let n = first; n <= last; n++) expect(there.has(n), `round ${round}: ${n} was acknowledged`).toBe(true);
      expect(existsSync(path.join(home, "pinned"))).toBe(false);
    }
    expect(running.exitCode).toBeNull();
    running.stdin.end();
    await ended;
    expect(running.exitCode, "the backups were not in its way").toBe(0);
  });
});

describe("a store at rest", () => {
  const home = path.join(folder, "rest");
  const saved = path.join(folder, "rest-backup");
  const counts = { succeeded: 3, failed: 0, interrupted: 0, skipped: 1 };
  const notes = { nightly: { turn: 1_772_323_200_000_000, runningSince: null, last: null, counts } };
  let store: Store;

  beforeAll(async () => {
    store = await open({ definitions: clicks, home });
    await store.apply();
    const now = Date.now() * 1000;
    await store.ingest(
      "clicks",
      Array.from({ length: 500 }, (_, n) => clicks.clickOf(n, now - 10_000_000)),
    );
    await store.materialize();
    await writeJobNotes(home, notes);
    // In this very process, beside the open store.
    await backup(home, saved);
    await store.ingest("clicks", [clicks.clickOf(500, now)]);
    await store.close();
  });

  test("it is restored as it was, by a manifest that names every file", async () => {
    const manifest = decodeManifest(readFileSync(path.join(saved, "backup.json")));
    const files = readdirSync(saved, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBe(manifest.files.length + 1);
    const restored = path.join(folder, "rest-restored");
    await restore({ definitions: clicks, home: restored }, saved);
    expect((await expectWhole(restored, "restored")).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 500 }, (_, n) => n),
    );
    expect(await readJobNotes(restored)).toEqual(notes);
  });

  test("folders in use are refused, and stay as they are", async () => {
    await expect(backup(home, saved)).rejects.toMatchObject({ code: "ASOF_USAGE" });
    await expect(restore({ definitions: clicks, home }, saved)).rejects.toMatchObject({ code: "ASOF_USAGE" });
    await expect(restore({ definitions: clicks, home: path.join(folder, "x") }, home)).rejects.toMatchObject({
      code: "ASOF_FILE",
    });
    await expect(backup(path.join(folder, "nowhere"), path.join(folder, "y"))).rejects.toMatchObject({
      code: "ASOF_HOME",
    });
    expect(existsSync(path.join(folder, "nowhere"))).toBe(false);
    expect(await numbersIn(home)).toHaveLength(501);
  });

  test.each(["log", "online/data.mdb", "registry.sqlite", "backup.json"])(
    "a flipped byte of %s is found and named, and nothing is restored",
    async (part) => {
      const copy = mkdtempSync(path.join(folder, "damaged-"));
      cpSync(saved, copy, { recursive: true });
      const file = path.join(copy, part === "log" ? `log/${readdirSync(path.join(copy, "log"))[0]}` : part);
      const bytes = readFileSync(file);
      bytes[bytes.length >> 1] ^= 1;
      writeFileSync(file, bytes);
      const to = path.join(folder, "from-damaged");
      await expect(restore({ definitions: clicks, home: to }, copy)).rejects.toMatchObject({
        code: "ASOF_CORRUPT",
        message: part === "backup.json" ? /manifest/ : new RegExp(part),
      });
      expect(readdirSync(folder).filter((name) => name.startsWith("from-damaged"))).toEqual([]);
    },
  );

  test("what is missing from a backup is named", async () => {
    const copy = mkdtempSync(path.join(folder, "lacking-"));
    cpSync(saved, copy, { recursive: true });
    rmSync(path.join(copy, "online"), { recursive: true });
    await expect(restore({ definitions: clicks, home: path.join(folder, "z") }, copy)).rejects.toMatchObject({
      code: "ASOF_CORRUPT",
      message: /data\.mdb is not what was saved: it is missing/,
    });
  });

  test("interrupted, both leave nothing behind", async () => {
    for (const when of [0, 1, 2]) {
      const stop = new AbortController();
      let reports = 0;
      const options = {
        signal: stop.signal,
        onProgress: () => {
          if (reports++ >= when) stop.abort();
        },
      };
      const to = path.join(folder, "stopped");
      await expect(backup(home, to, options)).rejects.toMatchObject({ code: "ASOF_INTERRUPTED" });
      expect(readdirSync(folder).filter((name) => name.startsWith("stopped"))).toEqual([]);
      expect(readdirSync(home)).not.toContain("pinned");
    }
    const stop = new AbortController();
    const options = { signal: stop.signal, onProgress: () => stop.abort() };
    await expect(
      restore({ definitions: clicks, home: path.join(folder, "halted") }, saved, options),
    ).rejects.toMatchObject({ code: "ASOF_INTERRUPTED" });
    expect(readdirSync(folder).filter((name) => name.startsWith("halted"))).toEqual([]);
  });
});

test("a key that was forgotten since is forgotten again, by the list that the lost store leaves", async () => {
  const home = path.join(folder, "forgetful");
  const saved = path.join(folder, "forgetful-backup");
  const store = await open({ definitions: clicks, home });
  await store.apply();
  const now = Date.now() * 1000;
  await store.ingest(
    "clicks",
    Array.from({ length: 50 }, (_, n) => clicks.clickOf(n, now - 10_000_000)),
  );
  await store.materialize();
  await backup(home, saved);
  await store.forget("user", { user: "ann" });
  await store.close();

  const list = path.join(home, "forgotten.json");
  const beside = path.join(folder, "forgetful-beside");
  mkdirSync(beside);
  cpSync(list, path.join(beside, "forgotten.json"));
  for (const [to, forgotten] of [
    [beside, undefined],
    [path.join(folder, "forgetful-named"), list],
  ] as const) {
    const outcome = await restore(
      { definitions: clicks, home: to },
      saved,
      forgotten === undefined ? {} : { forgotten },
    );
    expect(outcome.forgotten).toBe(1);
    const left = await offlineRecords(to, sourceStream(clicks.clicks.definition));
    expect(left).toHaveLength(40);
    expect(left.some(({ user }) => user === "ann")).toBe(false);
  }
  // Without the list nobody knows.
  const outcome = await restore({ definitions: clicks, home: path.join(folder, "forgetful-not") }, saved);
  expect(outcome.forgotten).toBe(0);
});

test("API keys come back as they were, but for what was revoked since, or all", async () => {
  const home = path.join(folder, "keyed");
  const saved = path.join(folder, "keyed-backup");
  const store = await open({ definitions: clicks, home });
  await store.apply();
  const by = "user:ada";
  const names = ["stays", "revoked later", "revoked before"];
  for (const name of names) await store.keys.create({ name, scopes: ["read"], by });
  await store.keys.create({ name: "brief", scopes: ["read"], by, expires: (Date.now() + 500) * 1000 });
  await store.keys.revoke("revoked before", by);
  await backup(home, saved);
  const { id, revokedAt } = await store.keys.revoke("revoked later", "user:bob");
  await store.keys.create({ name: "made later", scopes: ["read"], by });
  await store.close();
  await sleep(500);

  const restored = async (
    to: string,
    options: Parameters<typeof restore>[2] = {},
  ): Promise<[keys: unknown, states: Record<string, unknown>]> => {
    const at = { definitions: clicks, home: path.join(folder, to) };
    const { keys } = await restore(at, saved, options);
    const again = await open(at);
    try {
      const all = await again.keys.list();
      const told = all.map(({ name, state, revokedBy }) => [name, [state, revokedBy]] as const);
      expect(all.find((key) => key.id === id)?.revokedAt).toEqual(
        "revokedIn" in options ? revokedAt : options.revokeKeys === true ? expect.any(Number) : null,
      );
      return [keys, Object.fromEntries(told)];
    } finally {
      await again.close();
    }
  };
  const before = { "revoked before": ["revoked", by], brief: ["expired", null] };
  const live = (...names: string[]): unknown => names.map((name) => ({ id: expect.any(String), name }));
  expect(await restored("keyed-as-they-were")).toEqual([
    { live: live("stays", "revoked later"), revoked: 0 },
    { ...before, stays: ["live", null], "revoked later": ["live", null] },
  ]);
  const lost = path.join(home, "registry.sqlite");
  const asItWas = readFileSync(lost);
  expect(await restored("keyed-revoked", { revokedIn: lost })).toEqual([
    { live: live("stays"), revoked: 1 },
    { ...before, stays: ["live", null], "revoked later": ["revoked", "user:bob"] },
  ]);
  expect(readFileSync(lost).equals(asItWas)).toBe(true);
  expect(await restored("keyed-closed", { revokeKeys: true })).toEqual([
    { live: [], revoked: 2 },
    { ...before, stays: ["revoked", "restore"], "revoked later": ["revoked", "restore"] },
  ]);
  await expect(restored("keyed-nowhere", { revokedIn: path.join(folder, "nothing.sqlite") })).rejects.toMatchObject({
    code: "ASOF_HOME",
  });
  expect(existsSync(path.join(folder, "keyed-nowhere"))).toBe(false);
});
