import { requestKey } from "../../core/codec/identity-keys.ts";
import type { KeyedRequest } from "../../core/codec/keyed-request.ts";
import { entityKeyEncoder } from "../../core/codec/online-keys.ts";
import type { StoredRequest } from "../../core/codec/identity-codec.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import { AsofError } from "../../core/errors.ts";
import { DAY, type Timestamp } from "../../core/time/timestamp.ts";
import type { Identities } from "./identities.ts";
import type { Appended } from "./log-writer.ts";

/** For how long idempotency keys are remembered where the source does not say. */
const DEDUPE = 7 * DAY;
const LONGEST = 255;

const encode = entityKeyEncoder({ key: { kind: "string", nullable: false } });

/** Refuses what is not an idempotency key: 1 to 255 characters. @throws ASOF_REQUEST */
export function checkIdempotencyKey(source: string, key: unknown): asserts key is string {
  if (typeof key === "string" && key.length > 0 && key.length <= LONGEST && key.isWellFormed()) return;
  throw new AsofError("ASOF_REQUEST", `an idempotency key is a text of 1 to ${LONGEST} characters`, { source });
}

/**
 * Looks up a request by its idempotency key: what it was answered with where it was answered before, and null where it
 * is new. Its content must be the same; `earlier` gives the digests that it has in shapes which the source had before. A promise only where the store answers with one.
 * @throws ASOF_ID_CONFLICT
 */
export function answeredBefore(
  identities: Identities,
  source: SourceDefinition,
  { key, count, digest }: KeyedRequest,
  now: Timestamp,
  earlier: () => readonly string[],
): StoredRequest | null | Promise<StoredRequest | null> {
  const check = (known: StoredRequest | null): StoredRequest | null => {
    if (known === null || known.expires < now) return null;
    if (known.count === count && (known.digest === digest || earlier().includes(known.digest))) return known;
    throw new AsofError(
      "ASOF_ID_CONFLICT",
      `source ${source.name}: the idempotency key ${JSON.stringify(key)} was used for other records before`,
      { source: source.name, key, records: count, before: known.count },
    );
  };
  const known = identities.request(keyOf(source, key));
  return known instanceof Promise ? known.then(check) : check(known);
}

/** Remembers a request, and what it is answered with. */
export function remember(
  identities: Identities,
  source: SourceDefinition,
  { key, count, digest }: KeyedRequest,
  { position, stamp }: Appended,
): void {
  const expires = expiryOf(source, stamp);
  identities.putRequest(keyOf(source, key), { expires, count, digest, position, stamp });
}

/** Until when a request is remembered that was answered with a stamp. */
export function expiryOf(source: SourceDefinition, stamp: Timestamp): Timestamp {
  return stamp + (source.dedupe ?? DEDUPE);
}

function keyOf(source: SourceDefinition, key: string): Uint8Array {
  return requestKey(
    source.name,
    encode(() => key)!,
  );
}
