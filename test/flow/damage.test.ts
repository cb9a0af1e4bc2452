// Damage made for real: a torn last write, flipped bytes in log, Parquet and LMDB, a part that is gone.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AsofError, doctor, open, type Store } from "../../src/index.ts";
import * as clicks from "./clicks.ts";
import { expectSame, requests } from "./same-as-history.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-damage-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sound = path.join(folder, "sound");
const now = Date.now() * 1000;

beforeAll(async () => {
  const store = await open({ definitions: clicks, home: sound }, { archiveFrom: 200 });
  await store.apply();
  await store.materialize();
  await store.ingest(
    "clicks",
    Array.from({ length: 300 }, (_, n) => clicks.clickOf(n, now - 10_000_000)),
  );
  await store.close();
  // A tail that is not archived.
  const again = await open({ definitions: clicks, home: sound });
  await again.ingest(
    "clicks",
    Array.from({ length: 10 }, (_, n) => clicks.clickOf(300 + n, now - 10_000_000)),
  );
  await again.close();
});

const copy = (): string => {
  const home = mkdtempSync(path.join(folder, "home-"));
  cpSync(sound, home, { recursive: true });
  return home;
};
const fileIn = (home: string, part: string, ending: string): string =>
  path.join(
    home,
    part,
    readdirSync(path.join(home, part), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(ending))
      .sort()
      .at(-1)!,
  );
const flipIn = (file: string, at: (bytes: Buffer) => number): void => {
  const bytes = readFileSync(file);
  bytes[at(bytes)] ^= 4;
  writeFileSync(file, bytes);
};

test("a torn last write is cut off, and what was acknowledged before it is served", async () => {
  const home = copy();
  const file = fileIn(home, "log", ".log");
  const log = readFileSync(file);
  writeFileSync(file, Buffer.concat([log, log.subarray(64, 64 + 40)]));
  expect((await doctor({ definitions: clicks, home })).findings).toMatchObject([{ part: "log", fixable: true }]);
  const store = await open({ definitions: clicks, home });
  try {
    await expectSame(store, 310);
  } finally {
    await store.close();
  }
  expect((await doctor({ definitions: clicks, home })).findings).toEqual([]);
});

test("a flipped byte of a segment is named by all who read it", async () => {
  const home = copy();
  const file = fileIn(home, "log", ".log");
  flipIn(file, () => 200);
  const named = { code: "ASOF_CORRUPT", details: { file } };
  await expect(open({ definitions: clicks, home })).rejects.toMatchObject(named);
  expect((await doctor({ definitions: clicks, home })).findings).toMatchObject([
    { part: "log", code: "ASOF_CORRUPT", file },
  ]);
});

test("a store whose newest segment is damaged can be opened for serving, and whoever needs the log is told", async () => {
  const answersOf = async (store: Store) =>
    (await store.features(clicks.profile, requests)).map(({ values }) => values);
  const whole = await open({ definitions: clicks, home: copy() });
  const served = await answersOf(whole);
  await whole.close();
  // In an entry with whole ones behind it, and in the segment's header.
  for (const byte of [200, 20]) {
    const home = copy();
    const file = fileIn(home, "log", ".log");
    const before = readFileSync(file);
    flipIn(file, () => byte);
    const damaged = readFileSync(file);
    const told: AsofError[] = [];
    const named = { code: "ASOF_CORRUPT", details: { file } };
    const store = await open({ definitions: clicks, home }, { onDamage: (damage) => told.push(damage) });
    try {
      expect(told).toMatchObject([named]);
      expect(await answersOf(store)).toEqual(served);
      await expect(store.ingest("clicks", [clicks.clickOf(1, now)])).rejects.toMatchObject(named);
      await expect(store.materialize()).rejects.toMatchObject(named);
      await expect(store.features(clicks.profile, requests, { at: now })).rejects.toMatchObject(named);
    } finally {
      await store.close();
    }
    // Nothing was cut off, and nothing is lost where the byte is put right.
    expect(readFileSync(file)).toEqual(damaged);
    writeFileSync(file, before);
    const mended = await open({ definitions: clicks, home });
    try {
      await expectSame(mended, 310);
    } finally {
      await mended.close();
    }
  }
});

test("a flipped byte of Parquet is named, and the online store serves on", async () => {
  const home = copy();
  const file = fileIn(home, "offline", ".parquet");
  flipIn(file, (bytes) => bytes.length >> 1);
  expect((await doctor({ definitions: clicks, home })).findings).toMatchObject([
    { part: "offline", code: "ASOF_CORRUPT", file, what: expect.stringMatching(/checksum/) as string },
  ]);
  const store = await open({ definitions: clicks, home });
  try {
    const answers = await store.features(clicks.profile, requests);
    expect(answers.reduce((sum, { values }) => sum + values.activity__clicks_lifetime, 0)).toBe(310);
  } finally {
    await store.close();
  }
});

test("a flipped byte of LMDB is named with its view, the other keys are served, and the view can be rebuilt", async () => {
  const home = copy();
  const file = path.join(home, "online", "data.mdb");
  // The key of a head record: the state's number, then the entity's key; its value follows.
  const bytes = readFileSync(file);
  for (let at = bytes.indexOf("eve"); at !== -1; at = bytes.indexOf("eve", at + 1)) bytes[at + 3 + 20] ^= 1;
  writeFileSync(file, bytes);
  const { findings } = await doctor({ definitions: clicks, home });
  expect(findings).toMatchObject([
    { part: "online", code: "ASOF_CORRUPT", what: expect.stringMatching(/^activity: 1 entry .*checksum/) as string },
  ]);
  let store = await open({ definitions: clicks, home });
  try {
    const answers = await store.features(
      clicks.profile,
      requests.filter(({ user }) => user !== "eve"),
    );
    expect(answers.reduce((sum, { values }) => sum + values.activity__clicks_lifetime, 0)).toBe(248);
  } finally {
    await store.close();
  }
  expect((await doctor({ definitions: clicks, home }, { fix: true })).findings).toMatchObject([{ fixed: true }]);
  store = await open({ definitions: clicks, home });
  try {
    await store.materialize();
    await expectSame(store, 310);
  } finally {
    await store.close();
  }
});

test("without its online store a store is rebuilt from history", async () => {
  const home = copy();
  rmSync(path.join(home, "online"), { recursive: true });
  const store = await open({ definitions: clicks, home });
  try {
    await store.materialize();
    await expectSame(store, 310);
    await store.ingest("clicks", [clicks.clickOf(310, now - 10_000_000)]);
    await store.settled();
    await expectSame(store, 311);
  } finally {
    await store.close();
  }
  expect((await doctor({ definitions: clicks, home })).findings).toEqual([]);
});
