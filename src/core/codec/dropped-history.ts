import type { Timestamp } from "../time/timestamp.ts";
import { count, mapOf, objectOf, orNull, whole } from "./shape.ts";
import { decodeStoredJson } from "./stored-json.ts";

/** What retention has dropped of a stream of history. */
export interface DroppedDays {
  /** All records whose event is at or after it are held; of earlier ones some are not. The beginning of a day. */
  readonly horizon: Timestamp;
  /** What is known of ids is without the records before it; behind the horizon until it has been gone through. */
  readonly identified: Timestamp | null;
  /** All that was ever dropped. */
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  /** When something was dropped last. */
  readonly at: Timestamp;
}

export type DroppedHistory = Readonly<Record<string, DroppedDays>>;

/** The note of the registry that tells what was dropped; it is set with the list of files. */
export const DROPPED = "dropped";

const FORMAT = 1;
const SHAPE = objectOf({
  streams: mapOf(
    objectOf({ horizon: whole, identified: orNull(whole), files: count, rows: count, bytes: count, at: whole }),
  ),
});

export function encodeDropped(streams: DroppedHistory): string {
  return JSON.stringify({ format: FORMAT, streams });
}

/** @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeDropped(text: string | null): DroppedHistory {
  if (text === null) return {};
  const bytes = new TextEncoder().encode(text);
  const decoded = decodeStoredJson(bytes, "the record of dropped history", FORMAT, SHAPE);
  return (decoded as { readonly streams: DroppedHistory }).streams;
}
