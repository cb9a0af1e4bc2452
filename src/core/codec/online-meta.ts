import type { Timestamp } from "../time/timestamp.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { count, listOf, objectOf, optional, orNull, text, whole } from "./shape.ts";
import { checkFormat, decodeStoredJson } from "./stored-json.ts";

/** What the online store contains: every record below `position`, visible as of `watermark`. */
export interface OnlineMeta {
  readonly position: number;
  readonly watermark: Timestamp;
  /** Changes whenever the record of the views does. */
  readonly views: number;
}

/** Which state serves a view, by the view's fingerprint. */
export interface OnlineView {
  readonly name: string;
  readonly fingerprint: string;
  readonly state: number;
  /** Bulk loads and computations below this position are in it. */
  readonly loads: number;
}

/** A state that is being built: what is needed to go on after an interruption. */
export interface BuildingView extends OnlineView {
  /** The moment it is built as of; the position of the log is `loads`. */
  readonly t: Timestamp;
  /** The last key that is written, as JSON; null before the first. */
  readonly after: string | null;
  /** Up to where the log has been folded into it since it was whole; absent until then. */
  readonly caught?: number;
}

export interface OnlineViews {
  readonly version: number;
  /** The number the next state gets. */
  readonly nextState: number;
  readonly views: readonly OnlineView[];
  readonly building: readonly BuildingView[];
  /** States that are no view's any more, and of which keys may be left. Absent where there are none. */
  readonly removed?: readonly number[];
}

const FORMAT = 1;

const VIEW = { name: text, fingerprint: text, state: count, loads: count };
const VIEWS = objectOf({
  version: count,
  nextState: count,
  views: listOf(objectOf(VIEW)),
  building: listOf(objectOf({ ...VIEW, t: whole, after: orNull(text), caught: optional(count) })),
});

export function encodeMeta(meta: OnlineMeta): Uint8Array {
  const out = new ByteWriter(32);
  out.u8(FORMAT);
  out.varint(meta.position);
  out.zigzag(meta.watermark);
  out.varint(meta.views);
  return out.finish();
}

/**
 * @param input reads them: one that is used again allocates nothing for bytes that it has read before
 * @throws AsofError ASOF_CORRUPT, ASOF_FORMAT
 */
export function decodeMeta(bytes: Uint8Array, input = new ByteReader(bytes)): OnlineMeta {
  input.reset(bytes);
  checkFormat(input.u8(), "the online store", FORMAT);
  const meta = { position: input.varint(), watermark: input.zigzag(), views: input.varint() };
  input.end();
  return meta;
}

export const noViews: OnlineViews = { version: 0, nextState: 1, views: [], building: [] };

export function encodeViews(views: OnlineViews): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ format: FORMAT, ...views }));
}

/** @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeViews(bytes: Uint8Array): OnlineViews {
  return decodeStoredJson(bytes, "the online store's record of views", FORMAT, VIEWS) as OnlineViews;
}
