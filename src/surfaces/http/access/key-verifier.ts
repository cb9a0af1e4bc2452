import { createHash, timingSafeEqual } from "node:crypto";
import { type AccessKey, idOfKey, stateOf } from "../../../core/access/access-key.ts";
import { AsofError } from "../../../core/errors.ts";
import { formatTimestamp } from "../../../core/time/timestamp.ts";
import { BoundedMap } from "./bounded-map.ts";
import { Caller } from "./caller.ts";
import { countedHere, type MakeBucket } from "./token-bucket.ts";

/** Keys that were presented lately, and found good. */
const KNOWN = 1024;

interface KnownKey {
  readonly key: AccessKey;
  readonly hash: Buffer;
  readonly caller: Caller;
}

/**
 * Says whose a presented key is. What was found good is found again by the text alone, until keys change; the first time
 * its hash is compared with the one that is kept, in constant time.
 */
export class KeyVerifier {
  private readonly rate: number | null;
  private readonly makeBucket: MakeBucket;
  private byId = new Map<string, KnownKey>();
  private readonly known = new BoundedMap<string, KnownKey>(KNOWN);
  private used = new Map<string, number>();

  /** @param rate requests a second of keys that do not say */
  constructor(rate: number | null, makeBucket: MakeBucket = countedHere) {
    this.rate = rate;
    this.makeBucket = makeBucket;
  }

  /** Takes up the keys that there are. Who has used up his rate has still used it up. */
  take(keys: readonly AccessKey[]): void {
    const before = this.byId;
    this.byId = new Map(
      keys.map((key) => {
        const { id, name, hash, grant } = key;
        const rate = key.rate ?? this.rate;
        const who = `key:${id}`;
        const bucket = before.get(id)?.caller.bucket ?? (rate === null ? null : this.makeBucket(who, rate));
        return [id, { key, hash: Buffer.from(hash, "hex"), caller: new Caller(who, name, [grant], bucket) }];
      }),
    );
    this.known.clear();
  }

  /** @param now the time of day, in microseconds @throws ASOF_UNAUTHENTICATED */
  verify(presented: string, now: number): Caller {
    let found = this.known.get(presented);
    if (found === undefined) {
      found = this.find(presented);
      this.known.set(presented, found);
    }
    const { key, caller } = found;
    const { expiresAt } = key;
    if (expiresAt !== null && expiresAt <= now)
      throw new AsofError("ASOF_UNAUTHENTICATED", `the key expired at ${formatTimestamp(expiresAt)}`, {
        reason: "expired",
      });
    this.used.set(key.id, now);
    return caller;
  }

  /** When keys were used since this was asked last. */
  takeUses(): ReadonlyMap<string, number> {
    const uses = this.used;
    this.used = new Map();
    return uses;
  }

  private find(presented: string): KnownKey {
    const id = idOfKey(presented);
    const found = id === null ? undefined : this.byId.get(id);
    // Also where there is no such key, so that it takes as long.
    const hash = createHash("sha256").update(presented).digest();
    const isTrue = timingSafeEqual(hash, found?.hash ?? NO_HASH);
    if (found === undefined || !isTrue)
      throw new AsofError("ASOF_UNAUTHENTICATED", "there is no such key", { reason: "unknown" });
    if (stateOf(found.key, 0) === "revoked")
      throw new AsofError("ASOF_UNAUTHENTICATED", "the key is revoked", { reason: "revoked" });
    return found;
  }
}

const NO_HASH = Buffer.alloc(32);
