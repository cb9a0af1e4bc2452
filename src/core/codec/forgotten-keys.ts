import { hmacSha256 } from "../definition/hmac-sha256.ts";
import type { EntityDefinition } from "../definition/data.ts";
import type { Value } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { compareStrings } from "../schema/compare.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { entityKeyEncoder } from "./online-keys.ts";
import { count, listOf, mapOf, matching, objectOf, orNull, text, whole } from "./shape.ts";
import { decodeStoredJson } from "./stored-json.ts";
import { decodeTagged, encodeTagged } from "./tagged-value.ts";

/** That a key was forgotten: nothing that tells the key to those who do not know the store's secret. */
export interface ForgottenKey {
  readonly entity: string;
  /** HMAC-SHA-256 of entity and key under the store's secret, hexadecimal. */
  readonly hash: string;
  readonly at: Timestamp;
}

/** What is left of forgotten keys, in a file of its own, so that it outlives a restore of everything else. */
export interface ForgottenKeys {
  /** 32 random bytes of this store, hexadecimal. */
  readonly secret: string;
  readonly keys: readonly ForgottenKey[];
}

const FORMAT = 1;

const KEY = { entity: text, hash: text, at: whole };
const LIST = objectOf({ secret: matching(/^[0-9a-f]{64}$/), keys: listOf(objectOf(KEY)) });
const HERE = objectOf({ keys: listOf(objectOf({ ...KEY, sources: listOf(text), until: whole })) });
const FORGETTING = objectOf({
  ...KEY,
  values: orNull(matching(/^([0-9a-f]{2})*$/)),
  records: mapOf(count),
  rejected: count,
  sources: listOf(text),
});

export function encodeForgotten(forgotten: ForgottenKeys): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, ...forgotten }, null, 1)}\n`);
}

/** @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeForgotten(bytes: Uint8Array): ForgottenKeys {
  return decodeStoredJson(bytes, "the list of forgotten keys", FORMAT, LIST) as ForgottenKeys;
}

/** What this very store has forgotten, as its registry remembers it. */
export interface ForgottenHere extends ForgottenKey {
  /** The sources of which records were erased: answers given before `until` that rest on them cannot be audited. */
  readonly sources: readonly string[];
  readonly until: Timestamp;
}

export function encodeForgottenHere(keys: readonly ForgottenHere[]): string {
  return JSON.stringify({ format: FORMAT, keys });
}

/** @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeForgottenHere(text: string | null): readonly ForgottenHere[] {
  if (text === null) return [];
  const bytes = new TextEncoder().encode(text);
  return (decodeStoredJson(bytes, "the record of forgotten keys", FORMAT, HERE) as { keys: ForgottenHere[] }).keys;
}

/** A key that is being forgotten: what is needed to finish it after a crash. */
export interface ForgettingKey extends ForgottenKey {
  /** The key's values in the order of their names, as tagged bytes; null once nothing but the registry is left to clean. */
  readonly values: string | null;
  /** What was found before anything was erased. */
  readonly records: Readonly<Record<string, number>>;
  readonly rejected: number;
  readonly sources: readonly string[];
}

export function encodeForgetting(forgetting: ForgettingKey): string {
  return JSON.stringify({ format: FORMAT, ...forgetting });
}

/** Null where nothing is being forgotten. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeForgetting(text: string | null): ForgettingKey | null {
  if (text === null || text === "") return null;
  return decodeStoredJson(
    new TextEncoder().encode(text),
    "what is being forgotten",
    FORMAT,
    FORGETTING,
  ) as ForgettingKey;
}

/** Values of keys as text that reads back exactly. */
export function encodeKeyValues(keys: Readonly<Record<string, Value>>): string {
  const out = new ByteWriter();
  for (const name of Object.keys(keys).sort(compareStrings)) encodeTagged(out, keys[name]);
  return hexOfBytes(out.finish());
}

export function decodeKeyValues(names: readonly string[], text: string): Readonly<Record<string, Value>> {
  const input = new ByteReader(bytesOfHex(text));
  return Object.fromEntries([...names].sort(compareStrings).map((name) => [name, decodeTagged(input)]));
}

/** What stands for keys of an entity: the same for equal keys, in one store. */
export function keyHasher(entity: EntityDefinition, secret: string): (keys: Readonly<Record<string, Value>>) => string {
  const encode = entityKeyEncoder(entity.keys);
  const name = new TextEncoder().encode(`${entity.name}\0`);
  const key = bytesOfHex(secret);
  return (keys) => {
    const encoded = encode((name) => keys[name]) ?? new Uint8Array(0);
    const message = new Uint8Array(name.length + encoded.length);
    message.set(name);
    message.set(encoded, name.length);
    return hmacSha256(key, message);
  };
}

export function hexOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
