import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { copyRegistry } from "../adapters/sqlite/copy-registry.ts";
import { openSqliteRegistry } from "../adapters/sqlite/open-sqlite-registry.ts";
import { type AccessKey, stateOf } from "../core/access/access-key.ts";
import type { RestoreOutcome } from "../core/result/safekeeping.ts";

export interface RestoredKeysOptions {
  /** A registry of the store that is newer than the backup: API keys that are revoked in it are revoked again. */
  readonly revokedIn?: string;
  /** Revokes every API key that the backup brings back. Default: false. */
  readonly revokeKeys?: boolean;
}

/** Who revokes where nobody is known to have done so before. */
const RESTORE = "restore";

/**
 * A backup brings API keys back as they were. Revokes in a restored registry what was revoked since, as far as that is
 * known, or everything; tells which keys are live again.
 * @throws ASOF_HOME where there is no such registry
 */
export async function settleKeys(
  registryFile: string,
  now: number,
  { revokedIn, revokeKeys = false }: RestoredKeysOptions,
): Promise<RestoreOutcome["keys"]> {
  const later = revokedIn === undefined ? [] : await keysIn(path.resolve(revokedIn));
  const revocations = new Map(later.filter(({ revokedAt }) => revokedAt !== null).map((key) => [key.id, key]));
  const registry = await openSqliteRegistry(registryFile);
  try {
    let revoked = 0;
    for (const key of await registry.keys()) {
      if (stateOf(key, now) !== "live") continue;
      const known = revocations.get(key.id);
      if (known === undefined && !revokeKeys) continue;
      await registry.revokeKey(key.id, known?.revokedAt ?? now, known?.revokedBy ?? RESTORE);
      revoked++;
    }
    const live = (await registry.keys()).filter((key) => stateOf(key, now) === "live");
    return { live: live.map(({ id, name }) => ({ id, name })), revoked };
  } finally {
    await registry.close();
  }
}

/** Read from a copy: what is left of a lost store stays as it is. */
async function keysIn(file: string): Promise<readonly AccessKey[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "asof-registry-"));
  try {
    const copy = path.join(folder, "registry.sqlite");
    copyRegistry(file, copy);
    const registry = await openSqliteRegistry(copy);
    try {
      return await registry.keys();
    } finally {
      await registry.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
