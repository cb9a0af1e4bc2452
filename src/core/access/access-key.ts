import type { Timestamp } from "../time/timestamp.ts";
import type { Grant } from "./grant.ts";

/** An API key as it is kept. The key itself is nowhere. */
export interface AccessKey {
  /** 12 hexadecimal digits, which the key begins with. */
  readonly id: string;
  /** What its owner calls it. */
  readonly name: string;
  /** SHA-256 of the whole key, hexadecimal: 256 random bits need no slower hash. */
  readonly hash: string;
  readonly grant: Grant;
  /** Requests a second; null for as many as come. */
  readonly rate: number | null;
  readonly createdAt: Timestamp;
  readonly createdBy: string;
  /** It is refused from then on; null for never. */
  readonly expiresAt: Timestamp | null;
  readonly revokedAt: Timestamp | null;
  readonly revokedBy: string | null;
  /** When it was used last, to some seconds; null where it never was. */
  readonly usedAt: Timestamp | null;
}

const KEY = /^asof_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** The id in a key, or null where that is no key of ours. */
export function idOfKey(key: string): string | null {
  return KEY.exec(key)?.[1] ?? null;
}

/** A key made of its id and its secret, which is 32 random bytes in base64url. */
export function keyText(id: string, secret: string): string {
  return `asof_${id}_${secret}`;
}

export type KeyState = "live" | "expired" | "revoked";

export function stateOf({ revokedAt, expiresAt }: AccessKey, now: Timestamp): KeyState {
  if (revokedAt !== null) return "revoked";
  return expiresAt !== null && expiresAt <= now ? "expired" : "live";
}
