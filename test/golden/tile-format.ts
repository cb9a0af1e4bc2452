import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { AggregateViewDefinition } from "../../src/core/definition/data.ts";
import { ByteReader, ByteWriter } from "../../src/core/codec/bytes.ts";
import type { Fields, Row } from "../../src/core/schema/data-type.ts";
import { decodeBlock, decodeHead, encodeBlock, encodeHead, TILE_FORMAT } from "../../src/core/tile/key-state-codec.ts";
import { layoutOf } from "../../src/core/tile/view-layout.ts";
import { HOUR, MINUTE, parseTimestamp, SECOND } from "../../src/core/time/timestamp.ts";
import { contributionsOf, StoredKey } from "../oracle/stored-key.ts";
import { events, everything } from "../flow/every-aggregation.ts";
import { contentOf, type GoldenFormat } from "./golden-format.ts";
import { goldenJson } from "./golden-json.ts";

interface Tiles {
  readonly view: AggregateViewDefinition;
  readonly fields: Fields;
  readonly records: readonly { readonly event: number; readonly available: number; readonly row: Row }[];
  readonly watermark: number;
  /** What the key's state answers, at the watermark and when all that waits is due. */
  readonly answers: readonly { readonly t: number; readonly features: readonly unknown[] }[];
}

const begin = parseTimestamp("2026-03-01");
const watermark = begin + 40 * HOUR;

/** Records that reach every state: sums that spill, sketches, counts beyond their bounds, ties, what is not due yet. */
function records(): Tiles["records"] {
  const pages = ["home", "cart", "help", "ünïcode", "𝔸", null];
  const odd = [Number.NaN, Infinity, -Infinity, 0.1, -0.5, null];
  const amounts = [1e308, 1e308, -1e308, 2 ** -1074, 0.1, -0.1, 1e16, 1, -1e16, 123.456];
  return Array.from({ length: 120 }, (_, i) => {
    // Eight in a tile, so that its own state spills.
    const event = begin + 2 * HOUR + (i >> 3) * 160 * MINUTE + (i & 7) * SECOND;
    const known = event + (i % 3) * MINUTE;
    return {
      event,
      available: known,
      row: {
        at: event,
        known,
        user: "ann",
        seq: i % 4 === 0 ? null : i % 3,
        page: pages[i % 6],
        n: i % 5 === 0 ? null : (i * 7) % 11,
        amount: amounts[i % 10],
        odd: odd[(i >> 1) % 6],
        big: 2n ** 62n + BigInt(i % 5),
        ok: i % 7 === 0 ? null : i % 2 === 0,
      },
    };
  });
}

function stored({ view, fields, records, watermark }: Omit<Tiles, "answers">): StoredKey {
  const layout = layoutOf(view, fields);
  const key = new StoredKey(layout);
  key.fold(records.map(contributionsOf(layout, fields)), watermark);
  return key;
}

const answersOf = (key: StoredKey, moments: readonly number[]): Tiles["answers"] =>
  moments.map((t) => ({ t, features: key.read(t) }));

async function writeKey(key: StoredKey, folder: string): Promise<void> {
  for (const [name, bytes] of key.bytes) {
    const file = path.join(folder, `${name}.bin`);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
}

async function readKey(folder: string, { view, fields }: Tiles): Promise<StoredKey> {
  const key = new StoredKey(layoutOf(view, fields));
  for (const entry of await readdir(folder, { recursive: true }))
    if (entry.endsWith(".bin"))
      key.bytes.set(entry.slice(0, -4).replaceAll(path.sep, "/"), await readFile(path.join(folder, entry)));
  return key;
}

/** A key's head record and blocks, as the online store keeps them. */
const tilesOf = (name: string, view: AggregateViewDefinition): GoldenFormat => ({
  name,
  version: TILE_FORMAT,
  write: async (folder) => {
    const held = { view, fields: events.definition.fields, records: records(), watermark };
    const key = stored(held);
    await writeKey(key, folder);
    return { ...held, answers: answersOf(key, [watermark, watermark + HOUR]) };
  },
  read: async (folder) => {
    const content = (await contentOf(folder)) as Tiles;
    const key = await readKey(folder, content);
    for (const [name, bytes] of key.bytes) checkRoundTrip(key, name, bytes);
    const moments = content.answers.map(({ t }) => t);
    const answers = answersOf(key, moments);
    const served = moments.map((t) => ({ t, features: key.readStored(t) }));
    if (goldenJson(served) !== goldenJson(answers)) throw new Error("what is served of the key is not what it holds");
    return { ...content, answers };
  },
  again: (content, folder) => writeKey(stored(content as Tiles), folder),
  newer: async (folder) => {
    for (const entry of await readdir(folder, { recursive: true }))
      if (entry.endsWith(".bin")) {
        const bytes = await readFile(path.join(folder, entry));
        bytes[0]++;
        await writeFile(path.join(folder, entry), bytes);
      }
  },
});

const definition = everything.view as AggregateViewDefinition;

export const tileFormat = tilesOf("tiles", definition);

/** Of a source whose records may be withdrawn: tiles keep what they need for that. */
export const keptTileFormat = tilesOf("kept-tiles", { ...definition, retractable: true });

/** What is read is written as it was; of an older version, as what is read to be the same. */
function checkRoundTrip({ layout }: StoredKey, name: string, bytes: Uint8Array): void {
  const again = (from: Uint8Array): Uint8Array => {
    const out = new ByteWriter();
    if (name === "head") encodeHead(layout, decodeHead(layout, new ByteReader(from)), out);
    else {
      const [level, block] = name.split("/").map(Number);
      encodeBlock(layout, level, block, decodeBlock(layout, level, block, new ByteReader(from)), out);
    }
    return out.finish();
  };
  const expected = bytes[0] === TILE_FORMAT ? bytes : again(bytes);
  if (!Buffer.from(again(expected)).equals(expected)) throw new Error(`${name} is not written as it was`);
}

/** Aggregations by the values of a column. */
export const perTileFormat = tilesOf("per-tiles", {
  ...definition,
  features: definition.features.filter(({ name }) => name.includes("_per_")),
});
