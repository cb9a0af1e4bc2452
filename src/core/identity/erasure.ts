import type { Timestamp } from "../time/timestamp.ts";
import { type Identity, unknown } from "./identity.ts";

/**
 * What is known of an id once some of its versions are erased. Where nothing else is known of it, it is as one that
 * never was, also to a retraction that waited for it: null.
 */
export function without(
  { live, past, waiting }: Identity,
  erased: readonly { readonly position: number; readonly digest: string }[],
): Identity | null {
  const isErased = live !== null && erased.some(({ position }) => position === live.position);
  const left = past.filter((digest) => !erased.some((one) => one.digest === digest));
  return known({ live: isErased ? null : live, past: left, waiting });
}

/** What is known of an id once all of it is erased but for what came from a position on. */
export function withoutBefore({ live }: Identity, position: number): Identity | null {
  return known({ ...unknown, live: live === null || live.position < position ? null : live });
}

/** What is known of an id once its record is not held any more, where the event of that lies before a moment. */
export function withoutEventsBefore(identity: Identity, moment: Timestamp): Identity | null {
  const { live, past, waiting } = identity;
  if (live === null || live.event >= moment) return identity;
  return past.length === 0 && waiting === null ? null : { live: null, past, waiting };
}

function known(identity: Identity): Identity | null {
  return identity.live === null && identity.past.length === 0 ? null : identity;
}
