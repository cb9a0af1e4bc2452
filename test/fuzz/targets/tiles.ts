import { ByteReader, ByteWriter } from "../../../src/core/codec/bytes.ts";
import { blockKey, entityKeyEncoder, headKey, placeOf, stateOfKey } from "../../../src/core/codec/online-keys.ts";
import { entryOfKey, expiryKey, expiryOf, recordKey, requestKey } from "../../../src/core/codec/identity-keys.ts";
import { idKeyMatcher } from "../../../src/core/codec/id-key.ts";
import type { AggregateFeature, AggregateViewDefinition } from "../../../src/core/definition/data.ts";
import { t } from "../../../src/core/schema/data-type.ts";
import { decodeBlock, decodeHead, encodeBlock, encodeHead } from "../../../src/core/tile/key-state-codec.ts";
import { layoutOf, type ViewLayout } from "../../../src/core/tile/view-layout.ts";
import { HOUR, MINUTE, parseTimestamp, SECOND } from "../../../src/core/time/timestamp.ts";
import { events, everything } from "../../flow/every-aggregation.ts";
import { contributionsOf, StoredKey } from "../../oracle/stored-key.ts";
import type { Sample, Target } from "../target.ts";
import { STORED } from "../target.ts";

const begin = parseTimestamp("2026-03-01");
const watermark = begin + 40 * HOUR;
const { fields } = events.definition;
const definition = everything.view as AggregateViewDefinition;

interface TileSample extends Sample {
  readonly layout: ViewLayout;
  /** Null for a head. */
  readonly block: { readonly level: number; readonly block: number } | null;
  /** All that is stored of the key. */
  readonly key: StoredKey;
}

/** Few records, far apart, so that a state has tiles, closed blocks, and one that waits. */
function stored(view: AggregateViewDefinition, name: string): TileSample[] {
  const layout = layoutOf(view, fields);
  const key = new StoredKey(layout);
  const pages = ["home", "cart", null];
  const records = Array.from({ length: 14 }, (_, i) => ({
    event: begin + (i >> 1) * 6 * HOUR + i * SECOND,
    available: begin + (i >> 1) * 6 * HOUR + i * MINUTE,
    row: {
      at: begin,
      known: begin + i * MINUTE,
      user: "ann",
      seq: i % 4 === 0 ? null : i % 3,
      page: pages[i % 3],
      n: i % 5 === 0 ? null : i,
      amount: [1e308, -1e308, 0.1, 2 ** -1074][i % 4],
      odd: [Number.NaN, Infinity, 0.1, null][i % 4],
      big: 2n ** 62n + BigInt(i),
      ok: i % 7 === 0 ? null : i % 2 === 0,
    },
  }));
  key.fold(records.map(contributionsOf(layout, fields)), watermark);
  return [...key.bytes].map(([part, bytes]) => {
    const [level, block] = part.split("/").map(Number);
    const at = part === "head" ? null : { level, block };
    return { name: `${name}/${part}`, bytes: new Uint8Array(bytes), layout, block: at, key };
  });
}

/** One feature a view, so that no case is hidden behind another's bytes. */
function samples(): TileSample[] {
  const one = (feature: AggregateFeature, retractable: boolean): TileSample[] => {
    const view = { ...definition, features: [feature] };
    const kind = retractable ? "kept" : "plain";
    return stored(retractable ? { ...view, retractable } : view, `${kind} ${feature.name}`);
  };
  return definition.features.flatMap((feature) => [...one(feature, false), ...one(feature, true)]);
}

function written(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter();
  write(out);
  return out.finish();
}

/** Heads and blocks, read both as the fold reads them and as serving does, at moments near and far. */
const tiles: Target = {
  name: "tiles",
  syntax: "binary",
  refusals: STORED,
  batch: 2_000,
  weight: 6,
  open: async () => ({
    samples: samples(),
    read(bytes, sample) {
      const { layout, block, key } = sample as TileSample;
      const parts = new StoredKey(layout);
      for (const [part, whole] of key.bytes) parts.bytes.set(part, whole);
      parts.bytes.set(block === null ? "head" : `${block.level}/${block.block}`, bytes);
      const again = (from: Uint8Array): Uint8Array =>
        written((out) =>
          block === null
            ? encodeHead(layout, decodeHead(layout, new ByteReader(from)), out)
            : encodeBlock(layout, block.level, block.block, readBlock(layout, block, from), out),
        );
      // Both ways of reading refuse, or neither: what the one passes over the other may not fall over.
      const found = parts.find(watermark);
      parts.readFound(watermark, found);
      parts.readFound(watermark + HOUR, found);
      const first = again(bytes);
      const second = again(first);
      if (!Buffer.from(first).equals(second)) throw new Error("what was read is written otherwise each time");
    },
  }),
};

function readBlock(
  layout: ViewLayout,
  { level, block }: { readonly level: number; readonly block: number },
  bytes: Uint8Array,
): ReturnType<typeof decodeBlock> {
  return decodeBlock(layout, level, block, new ByteReader(bytes));
}

const id = { text: t.string(), flag: t.boolean(), big: t.int64() };
const entity = entityKeyEncoder(id)((name) => ({ text: "a\0é", flag: true, big: -7n })[name] ?? null)!;

/** Keys of the online store: found in it by whoever looks through all of it. */
const keys: Target = {
  name: "online-keys",
  syntax: "binary",
  refusals: STORED,
  batch: 5_000,
  weight: 1,
  open: async () => ({
    samples: [
      headKey(258, entity),
      blockKey(66_000, entity, 2, -3),
      recordKey("payments", entity),
      requestKey("payments", entity),
      expiryKey(begin, requestKey("payments", entity)),
    ].map((bytes, i) => ({ name: `key ${i}`, bytes })),
    read(bytes) {
      placeOf(bytes);
      entryOfKey(bytes);
      if (bytes[0] === 1) stateOfKey(bytes);
      if (bytes[0] === 2 && bytes[1] === 3) expiryOf(bytes);
      idKeyMatcher(id, { flag: true })(bytes.subarray(11));
      idKeyMatcher(id, { text: "a\0é" })(bytes.subarray(11));
    },
  }),
};

export const tileTargets: readonly Target[] = [tiles, keys];
