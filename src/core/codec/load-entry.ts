import type { KeyedRequest } from "./keyed-request.ts";
import { count, listOf, mapOf, matching, objectOf, optional, text, whole } from "./shape.ts";
import { decodeStoredJson } from "./stored-json.ts";

/** A file that a load brought, as the log tells of it. */
export interface LoadedFile {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly minEvent: number;
  readonly maxEvent: number;
  readonly minAvailable: number;
  readonly maxAvailable: number;
  /** CRC-32 of its bytes; earlier versions kept none. */
  readonly checksum?: number;
}

/** A bulk load or a computation: one entry of the log, whose files hold its rows. */
export interface LoadEntry {
  readonly stream: string;
  readonly files: readonly LoadedFile[];
  /** The request that brought it, where it had an idempotency key. */
  readonly request?: KeyedRequest;
  /** What the store notes by name together with the load: which files it took, how far a table was read. */
  readonly notes?: Readonly<Record<string, string>>;
}

const FORMAT = 1;

const SHAPE = objectOf({
  stream: text,
  files: listOf(
    objectOf({
      path: text,
      rows: count,
      bytes: count,
      minEvent: whole,
      maxEvent: whole,
      minAvailable: whole,
      maxAvailable: whole,
      checksum: optional(count),
    }),
  ),
  request: optional(objectOf({ key: text, count, digest: matching(/^[0-9a-f]{32}$/) })),
  notes: optional(mapOf(text)),
});

export function encodeLoad(load: LoadEntry): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ format: FORMAT, ...load }));
}

/** @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeLoad(payload: Uint8Array): LoadEntry {
  return decodeStoredJson(payload, "a load in the log", FORMAT, SHAPE) as LoadEntry;
}
