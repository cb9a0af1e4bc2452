import { AsofError } from "../errors.ts";
import type { Timestamp } from "../time/timestamp.ts";

/** The first byte of every key of the index of identities; the others are in `online-keys.ts`. */
const IDENTITIES = 2;
const [POSITION, RECORDS, REQUESTS, EXPIRIES] = [0, 1, 2, 3];
const TIME_BYTES = 8;

/** What all keys of the index begin with. */
export const IDENTITIES_PREFIX = Uint8Array.of(IDENTITIES);
/** The key of the position up to which the log is in the index. */
export const IDENTITIES_KEY = Uint8Array.of(IDENTITIES, POSITION);
/** What the keys of all moments of expiry begin with; they ascend with the moments. */
export const EXPIRIES_PREFIX = Uint8Array.of(IDENTITIES, EXPIRIES);

/** What the keys of a source's records begin with. */
export function recordsPrefix(source: string): Uint8Array {
  return under(RECORDS, source, new Uint8Array(0));
}

/** The key of a record by its id, encoded as `idKeyEncoder` does. */
export function recordKey(source: string, id: Uint8Array): Uint8Array {
  return under(RECORDS, source, id);
}

/** The key of a request by its idempotency key, encoded as an entity's keys are. */
export function requestKey(source: string, request: Uint8Array): Uint8Array {
  return under(REQUESTS, source, request);
}

/** The key under which it is found that a request may be forgotten. */
export function expiryKey(expires: Timestamp, request: Uint8Array): Uint8Array {
  const key = new Uint8Array(request.length + TIME_BYTES);
  key.set(EXPIRIES_PREFIX);
  const view = new DataView(key.buffer);
  view.setBigUint64(EXPIRIES_PREFIX.length, BigInt(expires) + 2n ** 63n);
  key.set(request.subarray(EXPIRIES_PREFIX.length), EXPIRIES_PREFIX.length + TIME_BYTES);
  return key;
}

/** What a key of the index is the key of. */
export function entryOfKey(key: Uint8Array): "position" | "record" | "request" | "expiry" {
  return ENTRIES[key[1]] ?? "expiry";
}

const ENTRIES = ["position", "record", "request", "expiry"] as const;

/** What `expiryKey` was made of. @throws AsofError ASOF_CORRUPT */
export function expiryOf(key: Uint8Array): { readonly expires: Timestamp; readonly request: Uint8Array } {
  if (key.length < EXPIRIES_PREFIX.length + TIME_BYTES)
    throw new AsofError("ASOF_CORRUPT", "a key of the index of identities is cut short", { part: "online" });
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const expires = Number(view.getBigUint64(EXPIRIES_PREFIX.length) - 2n ** 63n);
  // A copy, whatever kind of array the key is: some slice in place.
  const request = new Uint8Array(key.subarray(TIME_BYTES));
  request.set([IDENTITIES, REQUESTS]);
  return { expires, request };
}

/** Names of sources are ASCII of at most 63 characters and hold no zero. */
function under(what: number, source: string, rest: Uint8Array): Uint8Array {
  const key = new Uint8Array(3 + source.length + rest.length);
  key[0] = IDENTITIES;
  key[1] = what;
  for (let i = 0; i < source.length; i++) key[2 + i] = source.charCodeAt(i);
  key.set(rest, 3 + source.length);
  return key;
}
