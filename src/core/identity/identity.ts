import { contentDigest } from "../codec/content-digest.ts";
import type { Timestamp } from "../time/timestamp.ts";

/** A record as it was accepted: where it is, its times, its content. */
export interface Version {
  /** Its position in the log; that of its load where it came with one. */
  readonly position: number;
  readonly origin: "stream" | "load";
  readonly event: Timestamp;
  readonly available: Timestamp;
  /** The schema of the row, and the row in its bytes. */
  readonly schema: string;
  readonly row: Uint8Array;
}

/** All that is known of an id. It is the outcome of the facts below, in the order of the log. */
export interface Identity {
  /** The version that counts; null where there is none, or none any more. */
  readonly live: Version | null;
  /** Digests of the versions that were withdrawn. */
  readonly past: readonly string[];
  /** From when on the record is withdrawn that has yet to come; null where none is awaited. */
  readonly waiting: Timestamp | null;
}

export type Content = Pick<Version, "schema" | "row">;

export const unknown: Identity = { live: null, past: [], waiting: null };

// What follows from what is asked. The answers to one request are found one after another, each with the facts that
// follow from those before it.

/**
 * A plain record: `new`; a `duplicate` of a version that counts or counted; `withdrawn` by a retraction that came
 * before it; a `conflict`, other content under the same id. `earlier` gives the record's bytes in the shapes that its
 * source had before, in which versions that do not count any more may have been.
 */
export function onInsert(
  identity: Identity,
  content: Content,
  earlier: () => readonly Uint8Array[] = () => [],
): "new" | "duplicate" | "withdrawn" | "conflict" {
  const { live, past, waiting } = identity;
  if (live !== null && sameContent(live, content)) return "duplicate";
  if (past.length > 0 && [content.row, ...earlier()].some((row) => past.includes(contentDigest(row))))
    return "duplicate";
  if (waiting !== null) return "withdrawn";
  return live === null && past.length === 0 ? "new" : "conflict";
}

/** A retraction: it withdraws what counts, or waits for a record not known yet; a second one changes nothing. */
export function onRetract({ live, past, waiting }: Identity): "withdraw" | "wait" | "duplicate" {
  if (live !== null) return "withdraw";
  return waiting === null && past.length === 0 ? "wait" : "duplicate";
}

/**
 * A correction, which is a retraction and a record: it replaces what counts (`replace`), or is the record (`new`) where
 * there is nothing to withdraw any more; where nothing is known its retraction waits for the original (`wait`).
 */
export function onCorrect(identity: Identity, content: Content): "duplicate" | "replace" | "wait" | "new" {
  const { live, past, waiting } = identity;
  if (live !== null) return sameContent(live, content) ? "duplicate" : "replace";
  return waiting === null && past.length === 0 ? "wait" : "new";
}

// Facts, as the log has them. Facts from some position on may be applied again, all of them and in their order, to
// what they have led to: the outcome stays the same.

/** A version is in the log, or in a load. */
export function recorded(identity: Identity, version: Version): Identity {
  return { ...identity, live: version };
}

/** The version at a position is withdrawn. */
export function withdrawn(identity: Identity, position: number, row: Uint8Array): Identity {
  const { live } = identity;
  return { ...remembering(identity, row), live: live !== null && live.position === position ? null : live };
}

/** The record that a retraction waited for has come. */
export function met(identity: Identity, row: Uint8Array): Identity {
  return { ...remembering(identity, row), waiting: null };
}

/** A retraction waits for its record. */
export function awaited(identity: Identity, since: Timestamp): Identity {
  return { ...identity, waiting: since };
}

/** What two parts know of one id, of which at most one has the version that counts, and one the waiting retraction. */
export function together(a: Identity, b: Identity): Identity {
  return {
    live: b.live ?? a.live,
    past: [...a.past, ...b.past.filter((digest) => !a.past.includes(digest))],
    waiting: b.waiting ?? a.waiting,
  };
}

function remembering(identity: Identity, row: Uint8Array): Identity {
  const digest = contentDigest(row);
  return identity.past.includes(digest) ? identity : { ...identity, past: [...identity.past, digest] };
}

function sameContent(a: Content, b: Content): boolean {
  return a.schema === b.schema && sameBytes(a.row, b.row);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
