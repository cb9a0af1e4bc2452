import { spawnSync } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLmdb } from "../../src/adapters/lmdb/open-lmdb.ts";
import { searchBytes } from "../../src/adapters/folder/search-bytes.ts";
import { decodeIdentity } from "../../src/core/codec/identity-codec.ts";
import type { Store } from "../../src/index.ts";
import {
  answersOf,
  fillIds,
  forgotten,
  idOfVisit,
  openHome,
  other,
  payment,
  range,
  visit,
} from "./forget-identity-stores.ts";

let folder: string;
const opened: Store[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "asof-forget-identity-"));
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await rm(folder, { recursive: true });
});

const homeOf = (name: string): string => path.join(folder, name);

async function openAt(name: string, archiveFrom?: number): Promise<Store> {
  const store = await openHome(homeOf(name), archiveFrom);
  opened.push(store);
  return store;
}

async function close(store: Store): Promise<void> {
  opened.splice(opened.indexOf(store), 1);
  await store.close();
}

const found = async (name: string): Promise<readonly string[]> => (await searchBytes(homeOf(name), [forgotten])).found;

/** What the index knows of each id, but for requests. */
async function known(home: string): Promise<Record<string, unknown>> {
  const database = await openLmdb(path.join(home, "online"));
  const index: Record<string, unknown> = {};
  for await (const [key, bytes] of database.scan(Uint8Array.of(2, 1))) {
    const { past, ...rest } = decodeIdentity(bytes);
    index[Buffer.from(key).toString("hex")] = { ...rest, past: past.toSorted() };
  }
  await database.close();
  return index;
}

/** Loses the index, and has it made again: what it knows then. */
async function knownAgain(home: string): Promise<Record<string, unknown>> {
  await rm(path.join(home, "online"), { recursive: true });
  const store = await openHome(home);
  await store.close();
  return known(home);
}

const proven = { records: 0, online: 0, bytes: expect.any(Number) as number, files: [], elsewhere: [] };

describe("forgetting a key whose records are named by ids", () => {
  test("erases them from history, log and index; the rest is as if they had never been", async () => {
    await fillIds(homeOf("full"), () => true);
    await fillIds(homeOf("never"), (of) => of !== forgotten);
    let store = await openAt("full");
    const never = await openAt("never");
    const expected = await answersOf(never);
    expect(await answersOf(store)).not.toEqual(expected);
    expect((await found("full")).some((file) => file.startsWith("online/"))).toBe(true);

    const outcome = await store.forget("customer", { customer: forgotten });
    expect(outcome).toMatchObject({ erased: true, proof: proven, warnings: [] });
    expect(outcome.proof!.bytes).toBeGreaterThan(10_000);
    expect(await found("full")).toEqual([]);
    expect(await answersOf(store)).toEqual(expected);
    await close(store);
    expect(await found("full")).toEqual([]);
    const index = await known(homeOf("full"));
    expect(Object.keys(index).length).toBeGreaterThan(50);
    await cp(homeOf("full"), homeOf("again"), { recursive: true });
    expect(await knownAgain(homeOf("again"))).toEqual(index);
    expect(await found("again")).toEqual([]);
    store = await openAt("full");
    expect(await answersOf(store)).toEqual(expected);
    expect(await store.forget("customer", { customer: forgotten })).toMatchObject({ erased: false });

    // What is known of others' ids is known still.
    const others = range(0, 80).filter((n) => n % 3 !== 0 && ![12, 13, 14].includes(n));
    for (const n of others.filter((n) => n < 60 && ![6, 7, 8, 36, 37, 38].includes(n)))
      expect(await store.ingest("payments", [payment(n)])).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await store.retract("payments", [{ number: 4 }])).toMatchObject({ duplicates: 1 });
    expect(await store.ingest("visits", [visit(52)])).toMatchObject({ accepted: 1 });
    // What was erased is new, whatever had happened to it.
    for (const n of [0, 3, 6, 9, 15, 33, 36, 60, 66, 69])
      expect(await store.ingest("payments", [payment(n)]), String(n)).toMatchObject({ accepted: 1, duplicates: 0 });
    expect(await store.ingest("visits", [visit(3), visit(51)])).toMatchObject({ accepted: 2, duplicates: 0 });
    await never.ingest(
      "payments",
      [0, 3, 6, 9, 15, 33, 36, 60, 66, 69].map((n) => payment(n)),
    );
    await never.ingest("visits", [visit(52), visit(3), visit(51)]);
    await store.settled();
    await never.settled();
    expect(await answersOf(store)).toEqual(await answersOf(never));
  });

  test("an id that another's record has, or had, keeps that", async () => {
    let store = await openAt("moved", 1);
    await store.apply();
    await store.materialize();
    await store.ingest("payments", [payment(131, forgotten), payment(132, other), payment(133, forgotten, 1)]);
    await store.correct("payments", [payment(131, other, 5), payment(132, forgotten, 6), payment(133, forgotten, 2)]);
    await store.settled();
    expect(await store.forget("customer", { customer: forgotten })).toMatchObject({
      erased: true,
      records: { payments: 4 },
      proof: proven,
    });
    const [answer] = await store.features("all", [{ customer: other }]);
    expect(answer.values).toMatchObject({ paying__n_lifetime: 1, paying__amount_1d: 5 });
    await close(store);
    store = await openAt("moved");
    expect(await found("moved")).toEqual([]);
    expect(await store.ingest("payments", [payment(131, other, 5)])).toMatchObject({ duplicates: 1 });
    // It was withdrawn, and stays so.
    expect(await store.ingest("payments", [payment(132, other)])).toMatchObject({ duplicates: 1 });
    expect(await store.ingest("payments", [payment(133, forgotten, 2)])).toMatchObject({ accepted: 1 });
  });

  test("goes without any record, where only an id waits, or one was overtaken by its retraction", async () => {
    const store = await openAt("waiting");
    await store.apply();
    await store.retract("visits", [idOfVisit(visit(50, forgotten)), idOfVisit(visit(51, other))]);
    expect(await store.forget("customer", { customer: forgotten }, { dryRun: true })).toMatchObject({ records: {} });
    expect(await store.forget("customer", { customer: forgotten })).toMatchObject({ erased: true, proof: proven });
    expect(await store.retract("visits", [idOfVisit(visit(51, other))])).toMatchObject({ duplicates: 1 });
    expect(await store.retract("visits", [idOfVisit(visit(50, forgotten))])).toMatchObject({ waiting: 1 });
    await store.retract("payments", [{ number: 5 }]);
    await store.ingest("payments", [payment(5, forgotten)]);
    expect(await store.forget("customer", { customer: forgotten })).toMatchObject({ erased: true, proof: proven });
    expect(await found("waiting")).toEqual([]);
    expect(await store.forget("customer", { customer: forgotten })).toMatchObject({ erased: false });
  });
});

describe("a crash in the middle, where ids name the records", () => {
  const child = fileURLToPath(new URL("./forget-child.ts", import.meta.url));
  const die = (home: string, last: number): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [child, home, forgotten, String(last), "./forget-identity-stores.ts"], {
      encoding: "utf8",
    });

  test("is finished at the next start, wherever it came", async () => {
    await fillIds(homeOf("full"), () => true);
    await fillIds(homeOf("never"), (of) => of !== forgotten);
    const never = await openAt("never");
    const expected = await answersOf(never);
    const before = await openAt("full");
    const full = await answersOf(before);
    await close(before);
    const copy = async (name: string): Promise<string> => {
      await cp(homeOf("full"), homeOf(name), { recursive: true });
      return homeOf(name);
    };
    const whole = await copy("whole");
    const { stdout, stderr } = die(whole, -1);
    expect(stderr).toBe("");
    const { erased, changes } = JSON.parse(stdout as string) as { erased: boolean; changes: number };
    expect(erased).toBe(true);
    expect(changes).toBeGreaterThan(20);
    const index = await known(whole);
    let finished = 0;
    const step = Math.max(1, Math.floor(changes / 7));
    for (let last = 1; last < changes * 0.9; last += step) {
      const told = `after a kill at change ${last} of ${changes}`;
      const home = await copy(`killed-${last}`);
      expect(die(home, last).signal, told).toBe("SIGKILL");
      const store = await openAt(`killed-${last}`);
      if ((await found(`killed-${last}`)).length > 0) {
        expect(await answersOf(store), told).toEqual(full);
        expect(await store.forget("customer", { customer: forgotten })).toMatchObject({ erased: true, proof: proven });
      } else finished++;
      expect(await found(`killed-${last}`), told).toEqual([]);
      expect(await answersOf(store), told).toEqual(expected);
      expect(await store.forget("customer", { customer: forgotten })).toMatchObject({ erased: false });
      await close(store);
      expect(await known(home), told).toEqual(index);
      expect(await knownAgain(home), `${told}, made again`).toEqual(index);
      await rm(home, { recursive: true });
    }
    expect(finished).toBeGreaterThan(3);
  }, 240_000);
});
