import { spawnSync } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { searchBytes } from "../../src/adapters/folder/search-bytes.ts";
import type { ForgetOutcome } from "../../src/core/result/forget.ts";
import type { Store } from "../../src/index.ts";
import type { OpenStore } from "../../src/store/open-store.ts";
import { buildServer } from "../../src/surfaces/http/build-server.ts";
import {
  type Answers,
  answersOf,
  fill,
  forgotten,
  type Made,
  openHome,
  paymentOf,
  type Record,
} from "./forget-stores.ts";

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
  await fill(homeOf("never"), folder, ({ customer }) => customer !== forgotten);
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

  test("over HTTP it is the same", async () => {
    const server = buildServer(store);
    const counted = await store.forget("customer", { customer: forgotten }, { dryRun: true });
    const ask = (path: string, payload: object) =>
      server.inject({ method: "POST", url: `/v1/forget/${path}`, payload });
    const answer = await ask("customer?dryRun=true", { customer: forgotten });
    expect(answer.statusCode).toBe(200);
    const { madeBefore, records, rebuilt, rejected } = counted;
    expect(answer.json()).toMatchObject({ erased: false, records, rebuilt, rejected });
    expect(answer.json<ForgetOutcome>().madeBefore.map(({ run }) => run)).toEqual(madeBefore.map(({ run }) => run));
    expect((await ask("customer", { customer: "customer-unknown" })).json()).toMatchObject({
      erased: false,
      proof: null,
    });
    expect((await ask("customer", {})).json()).toMatchObject({ error: { code: "ASOF_MISSING_KEY" } });
    expect((await ask("nobody", { customer: "x" })).json()).toMatchObject({ error: { code: "ASOF_NOT_FOUND" } });
    await server.close();
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
    // The error of a run quotes it.
    const sql = `select cast(customer as integer) as basket, event_time as t, * from payments where customer = '${forgotten}'`;
    await expect(store.dataset("checkout", { spine: { sql }, out: path.join(folder, "x.parquet") })).rejects.toThrow();
    expect(JSON.stringify(await store.runs({ kind: "dataset" }))).toContain(forgotten);
    expect((await searchBytes(home, [forgotten])).found).not.toEqual([]);
    await answersOf(store, folder);
    const { reader } = (Reflect.get(store, "store") as OpenStore).service("checkout");
    expect(reader.kept).toBeGreaterThan(0);
    outcome = await store.forget("customer", { customer: forgotten });
    expect(outcome.proof).toEqual({
      records: 0,
      online: 0,
      bytes: expect.any(Number) as number,
      files: [],
      elsewhere: [],
    });
    expect(outcome.proof!.bytes).toBeGreaterThan(10_000);
    // Rows of batch views that were kept in memory are gone at once, not when they are asked for next.
    expect(reader.kept).toBe(0);
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
    expect(JSON.stringify(await store.runs())).not.toContain(forgotten);
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

describe("a key of several parts", () => {
  const shop = { zone: "日本", number: 1 };
  const isOf = ({ zone, number }: Record): boolean => zone === shop.zone && number === shop.number;
  /** Older versions of others' batch rows still count what was forgotten: they are compared as of now only. */
  const pastWithoutTotals = (answers: Answers): unknown => {
    const without = (text: string): string => text.replaceAll(/"totals[^,}]*[,}]/g, "");
    return [...answers.past, ...answers.dataset].map((one) => without(JSON.stringify(one, bigintText)));
  };

  test("takes the records that match in all of them, and is gone from the states of other entities", async () => {
    await fill(homeOf("without"), folder, (record) => !isOf(record));
    const without = await openHome(homeOf("without"));
    const store = await openHome(await copyOfFull("of-a-shop"));
    const before = await answersOf(store, folder);
    const outcome = await store.forget("shop", shop);
    expect(outcome).toMatchObject({
      erased: true,
      proof: { records: 0, online: 0, bytes: 0, files: [] },
    });
    expect(Object.keys(outcome.records)).toEqual(["payments"]);
    expect(outcome.rebuilt.toSorted()).toEqual(["spending", "turnover"]);
    const [after, expected] = [await answersOf(store, folder), await answersOf(without, folder)];
    expect(after.live).toEqual(expected.live);
    expect(after.live).not.toEqual(before.live);
    expect(pastWithoutTotals(after)).toEqual(pastWithoutTotals(expected));
    expect(pastWithoutTotals(after)).not.toEqual(pastWithoutTotals(before));
    await store.close();
    await without.close();
  });
});

const bigintText = (_: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);

describe("under a running store", () => {
  const late = Array.from({ length: 12 }, (_, n) =>
    Array.from({ length: 5 }, (_, i) => paymentOf(5000 + n * 10 + i, n)).filter(
      ({ customer }) => customer !== forgotten,
    ),
  );

  test("what arrives, is asked and is loaded meanwhile goes on as it would have", async () => {
    const store = await openHome(await copyOfFull("busy"));
    await cp(homeOf("never"), homeOf("quiet"), { recursive: true });
    const quiet = await openHome(homeOf("quiet"));
    const file = path.join(folder, "late.ndjson");
    await writeFile(
      file,
      late
        .flat()
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(""),
    );

    const forgetting = store.forget("customer", { customer: forgotten });
    const stopping = new AbortController();
    const loaded = store.load("payments", [file]);
    const asking = (async () => {
      let answers = 0;
      for (; !stopping.signal.aborted; answers++) {
        // Requests come from outside: without a turn of the event loop nothing else would ever happen.
        await nextTurn();
        const [answer] = await store.features("checkout", [
          { customer: "customer-1", zone: "eu", number: 1, basket: 1 },
        ]);
        expect(answer.statuses["spending"]).toBe("PRESENT");
        expect(answer.values["spending__payments_lifetime"]).toBeGreaterThan(60);
      }
      return answers;
    })();
    for (const records of late) await store.ingest("payments", records);
    const outcome = await forgetting;
    stopping.abort();
    expect(outcome.proof).toMatchObject({ records: 0, online: 0, files: [], elsewhere: [] });
    expect(await asking).toBeGreaterThan(10);
    await loaded;
    await store.materialize();
    await store.settled();

    for (const records of late) await quiet.ingest("payments", records);
    await quiet.load("payments", [file]);
    await quiet.materialize();
    await quiet.settled();
    expect(await answersOf(store, folder)).toEqual(await answersOf(quiet, folder));
    await store.close();
    await quiet.close();
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
    const step = Math.max(1, Math.floor(changes / 8));
    // Not to the very last: the moments that are promised to readers are changes too, more or fewer of them.
    for (let last = 1; last < changes * 0.9; last += step) {
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
