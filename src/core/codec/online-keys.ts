import { sha256 } from "../definition/sha256.ts";
import { AsofError } from "../errors.ts";
import { compareStrings } from "../schema/compare.ts";
import type { Fields, Row, Value } from "../schema/data-type.ts";
import { ByteWriter } from "./bytes.ts";
import { encodeValue } from "./value-codec.ts";

/** The key of the record that carries position and watermark. */
export const META_KEY = Uint8Array.of(0, 1);
/** The key of the record that says which state serves which view. */
export const VIEWS_KEY = Uint8Array.of(0, 2);

const STATE = 1;
/** What all keys of all states begin with. */
export const STATES_PREFIX = Uint8Array.of(STATE);
const HEAD = 0;
const BLOCK = 1;
// Keys that begin with 2 are those of the index of identities: `identity-keys.ts`.
/** Longer entity keys are stored as their beginning and their digest: longer than any other, so that none is like it. */
const MAX_KEY = 400;
const KEPT = 340;

/** Encodes the keys of an entity, in the order of their names; null where one of them is null. */
export function entityKeyEncoder(keys: Fields): (values: (key: string) => Value) => Uint8Array | null {
  const names = Object.keys(keys).sort(compareStrings);
  const writer = new ByteWriter();
  return (values) => {
    writer.reset();
    for (const name of names) {
      const value = values(name);
      if (value === null) return null;
      encodeValue(writer, keys[name], value);
    }
    return writer.view().length <= MAX_KEY ? writer.finish() : digested(writer.finish());
  };
}

/** Reads the keys of an entity out of a row whose columns hold them under other names. */
export function keyColumns(keys: Readonly<Record<string, string>>): (row: Row) => (key: string) => Value {
  return (row) => (key) => row[keys[key]];
}

/** What all keys of a state begin with. */
export function statePrefix(state: number): Uint8Array {
  return Uint8Array.of(STATE, state >>> 24, (state >>> 16) & 255, (state >>> 8) & 255, state & 255);
}

/** The key of an entity's head record, or of its row in a batch view. */
export function headKey(state: number, entity: Uint8Array): Uint8Array {
  const key = new Uint8Array(6 + entity.length);
  begin(key, state, HEAD);
  key.set(entity, 6);
  return key;
}

/** The entity key in the key of a head record. */
export function entityOfHead(key: Uint8Array): Uint8Array {
  return key.subarray(6);
}

/** The key of a block of closed tiles. */
export function blockKey(state: number, entity: Uint8Array, level: number, block: number): Uint8Array {
  const key = new Uint8Array(14 + entity.length);
  begin(key, state, BLOCK);
  key.set(entity, 6);
  const tail = 6 + entity.length;
  key[tail] = level;
  // Blocks of the shortest hop, 1 µs, reach from −2^48 to 2^48.
  const biased = block + 2 ** 48;
  let high = Math.floor(biased / 2 ** 24);
  let low = biased % 2 ** 32;
  for (let i = 4; i > 0; i--, high >>>= 8) key[tail + i] = high;
  for (let i = 7; i > 3; i--, low >>>= 8) key[tail + i] = low;
  return key;
}

/** What a key of a state was made of: a block of tiles, or a head record or row. @throws AsofError ASOF_CORRUPT */
export function stateOfKey(key: Uint8Array): {
  readonly state: number;
  readonly block: { readonly level: number; readonly block: number } | null;
} {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  if (key.length < 6 || (key[5] !== HEAD && key.length < 14))
    throw new AsofError("ASOF_CORRUPT", "a key of the online store is cut short", { part: "online" });
  const state = view.getUint32(1);
  if (key[5] === 0) return { state, block: null };
  const tail = key.length - 8;
  const biased = view.getUint32(tail + 1) * 2 ** 24 + (view.getUint32(tail + 4) % 2 ** 24);
  return { state, block: { level: key[tail], block: biased - 2 ** 48 } };
}

function begin(key: Uint8Array, state: number, kind: number): void {
  key[0] = STATE;
  key[1] = state >>> 24;
  key[2] = state >>> 16;
  key[3] = state >>> 8;
  key[4] = state;
  key[5] = kind;
}

/** What the head records of a state begin with: one for each key of the view. */
export function headPrefix(state: number): Uint8Array {
  return headKey(state, new Uint8Array(0));
}

/**
 * What keys that are kept together share, for stores that are spread over machines: those of an entity, in whichever
 * state. Null for what the store says of itself.
 */
export function placeOf(key: Uint8Array): Uint8Array | null {
  if (key[0] === 0) return null;
  if (key[0] !== STATE || key.length < 6) return key;
  return key.subarray(6, key[5] === 0 ? key.length : key.length - 8);
}

function digested(bytes: Uint8Array): Uint8Array {
  const digest = new TextEncoder().encode(sha256(bytes));
  const key = new Uint8Array(KEPT + digest.length);
  key.set(bytes.subarray(0, KEPT));
  key.set(digest, KEPT);
  return key;
}
