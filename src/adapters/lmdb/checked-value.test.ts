import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { copyLmdb } from "./copy-lmdb.ts";
import { examineLmdb, type ExaminedEntry } from "./examine-lmdb.ts";
import { openLmdb } from "./open-lmdb.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-checked-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
const entriesOf = (store: string): Promise<ExaminedEntry[]> => all(examineLmdb(store));

/** Flips a bit of the value wherever the file holds it. */
function flip(store: string, text: string): void {
  const file = path.join(store, "data.mdb");
  const content = readFileSync(file);
  for (let at = content.indexOf(text); at !== -1; at = content.indexOf(text, at + 1)) content[at] ^= 1;
  writeFileSync(file, content);
}

test("a flipped bit of a value is found; the other values are read as they were", async () => {
  const home = path.join(folder, "flipped");
  const store = await openLmdb(home);
  const keys = Array.from({ length: 100 }, (_, i) => bytes(`key ${String(i).padStart(3, "0")}`));
  await store.commit(keys.map((key, i) => [key, bytes(i === 40 ? "a value of its own" : `value ${i}`)]));
  await store.flushed();
  await store.close();
  flip(home, "a value of its own");

  const entries = await entriesOf(home);
  expect(entries).toHaveLength(100);
  expect(entries.filter(({ sound }) => !sound).map(({ key }) => Buffer.from(key).toString())).toEqual(["key 040"]);

  const again = await openLmdb(home);
  try {
    const found: (string | undefined)[] = [];
    const visit = (_: number, value: Uint8Array | undefined): void =>
      void found.push(value === undefined ? undefined : Buffer.from(value).toString());
    await again.read([keys[39], keys[41]], visit, { verify: true });
    expect(found).toEqual(["value 39", "value 41"]);
    expect(() => again.read([keys[39], keys[40]], visit, { verify: true })).toThrow(
      expect.objectContaining({ code: "ASOF_CORRUPT" }) as Error,
    );
    await expect(all(again.scan(bytes("key")))).rejects.toMatchObject({ code: "ASOF_CORRUPT" });
    await expect(all(again.scan(bytes("key 03")))).resolves.toHaveLength(10);
  } finally {
    await again.close();
  }
});

test("a store of the first version is read and written as it is, and has checksums once it is rewritten", async () => {
  const home = path.join(folder, "first");
  cpSync(fileURLToPath(new URL("../../../test/golden/online-store/v1", import.meta.url)), home, { recursive: true });
  const store = await openLmdb(home);
  try {
    const before = await all(store.scan(new Uint8Array(0)));
    expect(before.length).toBeGreaterThan(2);
    await store.commit([[bytes("new"), bytes("one more")]]);
    const written = await all(store.scan(new Uint8Array(0)));
    expect(written).toHaveLength(before.length + 1);
    await store.rewrite();
    expect(await all(store.scan(new Uint8Array(0)))).toEqual(written);
    await store.commit([[bytes("newer"), bytes("and another")]]);
  } finally {
    await store.close();
  }
  flip(home, "one more");
  const unsound = (await entriesOf(home)).filter(({ sound }) => !sound);
  expect(unsound.map(({ key }) => Buffer.from(key).toString())).toEqual(["new"]);
});

test("a copy of a store in use is a store", async () => {
  const home = path.join(folder, "copied");
  const store = await openLmdb(home);
  try {
    await store.commit([[bytes("a"), bytes("1")]]);
    await copyLmdb(home, `${home}-copy`);
    await store.commit([[bytes("a"), bytes("2")]]);
    expect((await entriesOf(`${home}-copy`)).map(({ value, sound }) => [Buffer.from(value).toString(), sound])).toEqual(
      [["1", true]],
    );
    expect((await all(store.scan(bytes("a")))).map(([, value]) => Buffer.from(value).toString())).toEqual(["2"]);
  } finally {
    await store.close();
  }
  await expect(copyLmdb(path.join(folder, "none"), path.join(folder, "x"))).rejects.toMatchObject({
    code: "ASOF_HOME",
  });
});
