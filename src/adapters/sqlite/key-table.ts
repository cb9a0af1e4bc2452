import type { AccessKey } from "../../core/access/access-key.ts";
import type { Grant } from "../../core/access/grant.ts";
import type { RegistryStore } from "../../ports/registry-store.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";

type KeyRow = Omit<AccessKey, "grant"> & { readonly grant: string };
type KeyMethods = Pick<RegistryStore, "keys" | "addKey" | "revokeKey" | "noteKeyUse" | "keyVersion">;

export function keyTable(connection: SqliteConnection): KeyMethods {
  const list = connection.prepare(`
    select id, name, hash, grant_json as "grant", rate, created_at as createdAt, created_by as createdBy,
      expires_at as expiresAt, revoked_at as revokedAt, revoked_by as revokedBy, used_at as usedAt
    from access_key order by rowid`);
  const add = connection.prepare("insert into access_key values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const revoke = connection.prepare(
    "update access_key set revoked_at = ?, revoked_by = ? where id = ? and revoked_at is null",
  );
  const use = connection.prepare("update access_key set used_at = max(coalesce(used_at, ?1), ?1) where id = ?2");
  const version = connection.prepare("select version from access_version");
  const grow = connection.prepare("update access_version set version = version + 1");

  return {
    keys: () => connection.read(() => list.all().map(keyOf)),
    addKey: (key) =>
      connection.write(() => {
        const { id, name, hash, grant, rate, createdAt, createdBy, expiresAt, revokedAt, revokedBy, usedAt } = key;
        const [made, ended] = [[createdAt, createdBy] as const, [expiresAt, revokedAt, revokedBy, usedAt] as const];
        add.run(id, name, hash, JSON.stringify(grant), rate, ...made, ...ended);
        grow.run();
      }),
    revokeKey: (id, at, by) =>
      connection.write(() => {
        if (revoke.run(at, by, id).changes > 0) grow.run();
      }),
    noteKeyUse: (uses) =>
      connection.write(() => {
        for (const [id, at] of uses) use.run(at, id);
      }),
    keyVersion: () => connection.read(() => (version.get() as { version: number }).version),
  };
}

function keyOf(row: unknown): AccessKey {
  const { grant, ...key } = row as KeyRow;
  return { ...key, grant: JSON.parse(grant) as Grant };
}
