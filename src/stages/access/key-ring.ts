import { type AccessKey, keyText, stateOf } from "../../core/access/access-key.ts";
import { type Grant, grantFault, narrowableKinds, type Reach } from "../../core/access/grant.ts";
import { type Catalog, modelNamed, serviceNamed, sourceNamed } from "../../core/definition/catalog.ts";
import { sha256 } from "../../core/definition/sha256.ts";
import { AsofError } from "../../core/errors.ts";
import type { CreatedKey, CreateKeyOptions, Credentials, Keys, KeySummary } from "../../core/result/access.ts";
import { formatTimestamp, parseTimestamp, type Timestamp } from "../../core/time/timestamp.ts";
import type { RegistryStore } from "../../ports/registry-store.ts";

const LONGEST_NAME = 100;
/** The note of the registry on the version of the keys at which they were reset. */
const RESET = "keys reset";

/** Makes, lists and revokes API keys. */
export class KeyRing implements Keys, Credentials {
  private readonly registry: RegistryStore;
  private readonly catalog: Catalog;
  private readonly randomBytes: (count: number) => Uint8Array;
  private readonly now: () => Timestamp;

  /** @param parts.now the time of day: keys expire by it, whatever clock the store has */
  constructor(parts: {
    registry: RegistryStore;
    catalog: Catalog;
    randomBytes: (count: number) => Uint8Array;
    now: () => Timestamp;
  }) {
    this.registry = parts.registry;
    this.catalog = parts.catalog;
    this.randomBytes = parts.randomBytes;
    this.now = parts.now;
  }

  async create({ name, scopes, only, expires, rate, by }: CreateKeyOptions): Promise<CreatedKey> {
    const now = this.now();
    const grant: Grant = { scopes: [...new Set(scopes)], only: narrowed(only) };
    const fault = nameFault(name) ?? grantFault(grant) ?? rateFault(rate);
    if (fault !== null) throw new AsofError("ASOF_KEY", fault);
    this.mustExist(grant.only);
    const expiresAt = expires === undefined ? null : parseTimestamp(expires);
    if (expiresAt !== null && expiresAt <= now)
      throw new AsofError("ASOF_KEY", `the key would have expired at ${formatTimestamp(expiresAt)}`);
    const id = hexOf(this.randomBytes(6));
    const key = keyText(id, base64url(this.randomBytes(32)));
    const made: AccessKey = {
      id,
      name,
      hash: sha256(key),
      grant,
      rate: rate ?? null,
      createdAt: now,
      createdBy: by,
      expiresAt,
      revokedAt: null,
      revokedBy: null,
      usedAt: null,
    };
    await this.registry.addKey(made);
    return { ...summaryOf(made, now), key };
  }

  async list(): Promise<KeySummary[]> {
    const now = this.now();
    return (await this.registry.keys()).map((key) => summaryOf(key, now)).reverse();
  }

  async revoke(which: string, by: string): Promise<KeySummary> {
    const now = this.now();
    const keys = await this.registry.keys();
    const named = keys.filter((key) => key.name === which && key.revokedAt === null);
    const found = keys.find(({ id }) => id === which) ?? (named.length === 1 ? named[0] : undefined);
    if (found === undefined) {
      const ids = named.map(({ id }) => id);
      const why = ids.length > 1 ? `${ids.length} keys go by that name: give an id` : "there is no such key";
      throw new AsofError("ASOF_UNKNOWN_KEY", `${JSON.stringify(which)}: ${why}`, ids.length > 1 ? { ids } : {});
    }
    await this.registry.revokeKey(found.id, now, by);
    return summaryOf(
      (await this.registry.keys()).find(({ id }) => id === found.id)!,
      now,
    );
  }

  async reset(by: string): Promise<void> {
    // Looked at first: with a key that is made meanwhile there is a version that was not reset.
    const version = await this.registry.keyVersion();
    const now = this.now();
    const live = (await this.registry.keys()).filter((key) => stateOf(key, now) === "live");
    if (live.length > 0)
      throw new AsofError("ASOF_KEY", `${live.map(({ name }) => name).join(", ")}: still live; revoke what is`, {
        ids: live.map(({ id }) => id),
      });
    await this.registry.setNote(RESET, String(version));
    const entry = { who: by, name: null, via: "cli", action: "keys reset", target: null, outcome: "ok" } as const;
    await this.registry.addTrail({ ...entry, requests: 1, from: now, until: now, requestId: null });
  }

  async asks(): Promise<boolean> {
    return (await this.registry.keyVersion()) > Number(await this.registry.note(RESET));
  }

  version(): Promise<number> {
    return this.registry.keyVersion();
  }

  all(): Promise<readonly AccessKey[]> {
    return this.registry.keys();
  }

  used(uses: ReadonlyMap<string, Timestamp>): Promise<void> {
    return this.registry.noteKeyUse(uses);
  }

  private mustExist(only: Reach | null): void {
    const named = { source: sourceNamed, service: serviceNamed, model: modelNamed };
    for (const kind of narrowableKinds) for (const name of only?.[kind] ?? []) named[kind](this.catalog, name);
  }
}

function summaryOf(stored: AccessKey, now: Timestamp): KeySummary {
  const { id, name, grant, rate, createdAt, createdBy, expiresAt, revokedAt, revokedBy, usedAt } = stored;
  const times = { createdAt, createdBy, expiresAt, revokedAt, revokedBy, usedAt };
  return { id, name, ...grant, rate, ...times, state: stateOf(stored, now) };
}

/** Without kinds of which nothing is named. */
function narrowed(only: Reach | undefined): Reach | null {
  const kinds = narrowableKinds.filter((kind) => (only?.[kind]?.length ?? 0) > 0);
  return kinds.length === 0 ? null : Object.fromEntries(kinds.map((kind) => [kind, [...new Set(only![kind])]]));
}

function nameFault(name: string): string | null {
  if (name.trim() === "") return "give the key a name, by which people know what it is for";
  return name.length <= LONGEST_NAME ? null : `a name has ${LONGEST_NAME} characters at the most`;
}

function rateFault(rate: number | undefined): string | null {
  return rate === undefined || (Number.isFinite(rate) && rate > 0) ? null : "a rate is a positive number a second";
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function base64url(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 6; bits -= 6) text += DIGITS[(held >> (bits - 6)) & 63];
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + DIGITS[(held << (6 - bits)) & 63];
}
