import type { ClientError } from "../../../src/surfaces/client/client-error.ts";
import { addressOf, go } from "../navigation/location.ts";
import { keepKey, signedInKey } from "./key.ts";

let last: ClientError | null = null;

/** Why the person has to sign in again; null where he has not been in. */
export function whyTurnedAway(): ClientError | null {
  return last;
}

/** Where the server does not take the key that a question was asked with, leads to where another can be given. */
export function turnedAway(error: ClientError, key: string | null): void {
  // Who has signed in with another key meanwhile is in.
  if (error.status !== 401 || key !== signedInKey()) return;
  last = key === null ? null : error;
  keepKey(null);
  if (location.pathname !== "/sign-in")
    go(addressOf("/sign-in", { back: `${location.pathname}${location.search}` }), true);
}

export function letIn(key: string): void {
  last = null;
  keepKey(key);
}

/** The person leaves by himself. */
export function signOut(): void {
  last = null;
  keepKey(null);
  go("/sign-in");
}
