import { spawnSync } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { searchBytes } from "../../src/adapters/folder/search-bytes.ts";
import type { ForgetOutcome } from "../../src/core/result/forget.ts";
import type { Store } from "../../src/index.ts";
import { answersOf, fill, forgotten, type Made, openHome } from "./forget-stores.ts";

let folder: string;
let made: Made;
/** What a store answers that has never heard of the customer. */
let never: unknown;
/** What it answers that has not forgotten. */
let full: unknown;
const homeOf = (name: string): string => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "asof-forget-"));
  made = await fill(homeOf("full"), folder, () => true);
  await fill(homeOf("never"), folder, (customer) => customer !== forgotten);
  const store = await openHome(homeOf("never"));
  never = await answersOf(store, folder);
  await store.close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of the home that knows everybody. */
async function copyOfFull(name: string): Promise<string> {
  await cp(homeOf("full"), homeOf(name), { recursive: true });
  return homeOf(name);
}

describe("forgetting a key", () => {
  let home: string;
  let store: Store;
  let outcome: ForgetOutcome;
  beforeAll(async () => {
    home = await copyOfFull("forgetful");
    store = await openHome(home);
  });
  afterAll(() => store.close());

  test("a dry run counts what there is, and changes nothing", async () => {
    full = await answersOf(store, folder);
    expect(full).not.toEqual(never);
    const counted = await store.forget("customer", { customer: forgotten }, { dryRun: true });
    expect(counted).toMatchObject({
      erased: false,
      hash: null,
      rejected: made.rejected,
      rebuilt: ["spending", "turnover", "totals"],
      recomputed: ["totals"],
      madeBefore: [{ kind: "dataset" }, { kind: "train", target: "fraud" }],
      proof: null,
    });
    const bySource = Object.entries(counted.records).map(([stream, rows]) => [stream.split(".")[0], rows]);
    expect(Object.fromEntries(bySource)).toEqual({
      payments: made.loaded + made.streamed,
      examples: made.examples,
      totals: 5,
      served: made.predictions,
    });
    expect(await answersOf(store, folder)).toEqual(full);
  });

  test("an unknown key has nothing to erase, and that is said", async () => {
    const before = await store.runs();
    const outcome = await store.forget("customer", { customer: "customer-unknown" });
    expect(outcome).toMatchObject({ erased: false, hash: null, records: {}, rejected: 0, files: 0, proof: null });
    expect(await store.runs()).toEqual(before);
    for (const [keys, code] of [
      [{}, "ASOF_MISSING_KEY"],
      [{ customer: null }, "ASOF_MISSING_KEY"],
      [{ customer: 5 }, "ASOF_TYPE"],
      [{ customer: "x", zone: "eu" }, "ASOF_UNKNOWN_FIELD"],
    ] as const)
      await expect(store.forget("customer", keys)).rejects.toMatchObject({ code });
    await expect(store.forget("nobody", {})).rejects.toMatchObject({ code: "ASOF_NOT_FOUND" });
  });

  test("erases it everywhere, and proves it", async () => {
    expect((await searchBytes(home, [forgotten])).found).not.toEqual([]);
    outcome = await store.forget("customer", { customer: forgotten });
    expect(outcome.proof).toEqual({
      records: 0,
      online: 0,
      bytes: expect.any(Number) as number,
      files: [],
      elsewhere: [],
    });
    expect(outcome.proof!.bytes).toBeGreaterThan(10_000);
    expect(outcome).toMatchObject({ erased: true, rejected: made.rejected, warnings: [] });
    expect(outcome.rebuilt.toSorted()).toEqual(["spending", "totals", "turnover"]);
    expect((await searchBytes(home, [forgotten])).found).toEqual([]);
    const rejects = await readdir(path.join(home, "rejects"));
    expect((await readFile(path.join(home, "rejects", rejects[0]), "utf8")).split("\n")).toHaveLength(10 + 2 - 2);
  });

  test("what is left answers as a store that never had these records", async () => {
    expect(await answersOf(store, folder)).toEqual(never);
  });

  test("answers given before cannot be audited, those given after can", async () => {
    expect(await store.audit("fraud")).toMatchObject({
      predictions: 0,
      unverifiable: made.predictions * 4,
      different: 0,
    });
    await store.predict("fraud", [{ customer: "customer-3", basket: 7 }]);
    expect(await store.audit("fraud")).toMatchObject({ predictions: 1, unverifiable: 8, different: 0 });
  });

  test("is on record without the key, and stays so after a restart", async () => {
    const [run] = await store.runs({ kind: "forget" });
    expect(run).toMatchObject({ kind: "forget", target: "customer", state: "succeeded" });
    expect(JSON.stringify(run)).not.toContain(forgotten);
    await store.close();
    expect((await searchBytes(home, [forgotten])).found).toEqual([]);
    store = await openHome(home);
    expect(await answersOf(store, folder)).toEqual(never);
    const list = JSON.parse(await readFile(path.join(home, "forgotten.json"), "utf8")) as { keys: unknown[] };
    expect(list.keys).toEqual([{ entity: "customer", hash: outcome.hash, at: expect.any(Number) as number }]);
    expect(await store.forget("customer", { customer: forgotten })).toMatchObject({ erased: false });
  });

  test("a restore from before forgets again at its start", async () => {
    const restored = await copyOfFull("restored");
    await cp(path.join(home, "forgotten.json"), path.join(restored, "forgotten.json"));
    let store = await openHome(restored);
    expect((await searchBytes(restored, [forgotten])).found).toEqual([]);
    expect(await answersOf(store, folder)).toEqual(never);
    expect(await store.runs({ kind: "forget" })).toHaveLength(1);
    await store.close();
    store = await openHome(restored);
    expect(await store.runs({ kind: "forget" })).toHaveLength(1);
    await store.close();
  });
});

describe("a crash in the middle", () => {
  const child = fileURLToPath(new URL("./forget-child.ts", import.meta.url));
  const die = (home: string, last: number): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [child, home, forgotten, String(last)], { encoding: "utf8" });

  test("is finished at the next start, wherever it came", async () => {
    const { stdout, stderr } = die(await copyOfFull("whole"), -1);
    expect(stderr).toBe("");
    const { erased, changes } = JSON.parse(stdout as string) as { erased: boolean; changes: number };
    expect(erased).toBe(true);
    expect(changes).toBeGreaterThan(20);
    let finished = 0;
    const step = Math.max(1, Math.floor(changes / 10));
    for (let last = 1; last <= changes; last += step) {
      const home = await copyOfFull(`killed-${last}`);
      expect(die(home, last).signal, `killed at change ${last} of ${changes}`).toBe("SIGKILL");
      const store = await openHome(home);
      // Where the crash came before anything was written down, nothing was erased either.
      if ((await searchBytes(home, [forgotten])).found.length > 0) {
        expect(await answersOf(store, folder), `after a kill at change ${last}`).toEqual(full);
        expect(await store.forget("customer", { customer: forgotten })).toMatchObject({ erased: true });
        expect((await searchBytes(home, [forgotten])).found, `after a kill at change ${last}`).toEqual([]);
      } else finished++;
      expect(await answersOf(store, folder), `after a kill at change ${last}`).toEqual(never);
      expect(await store.forget("customer", { customer: forgotten })).toMatchObject({ erased: false });
      expect((await store.audit("fraud")).different).toBe(0);
      await store.close();
      await rm(home, { recursive: true });
    }
    expect(finished).toBeGreaterThan(5);
  }, 240_000);
});
