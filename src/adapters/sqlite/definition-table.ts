import { assert } from "../../core/assert.ts";
import { AsofError } from "../../core/errors.ts";
import type { RegistryStore, Revision, StoredDefinition } from "../../ports/registry-store.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";

export function definitionTable(
  connection: SqliteConnection,
): Pick<RegistryStore, "revision" | "apply" | "byFingerprint" | "everApplied"> {
  const last = connection.prepare(
    "select number as revision, applied_at as appliedAt from revision order by number desc limit 1",
  );
  const definitionsOf = connection.prepare(`
    select kind, name, fingerprint, json from revision_definition join definition using (fingerprint)
    where revision = ? order by ordinal`);
  const byFingerprint = connection.prepare(
    "select kind, name, fingerprint, json from definition where fingerprint = ?",
  );
  const all = connection.prepare("select kind, name, fingerprint, json from definition order by fingerprint");
  const addRevision = connection.prepare("insert into revision values (?, ?)");
  const addDefinition = connection.prepare(
    "insert into definition (kind, name, fingerprint, json) values (?, ?, ?, ?)",
  );
  const addMember = connection.prepare("insert into revision_definition values (?, ?, ?)");

  const present = (): Revision => {
    const row = last.get() as Pick<Revision, "revision" | "appliedAt"> | undefined;
    if (row === undefined) return { revision: 0, appliedAt: null, definitions: [] };
    return { ...row, definitions: definitionsOf.all(row.revision).map(definition) };
  };
  const find = (fingerprint: string): StoredDefinition | null => {
    const row = byFingerprint.get(fingerprint);
    return row === undefined ? null : definition(row);
  };

  return {
    revision: () => connection.read(present),
    everApplied: () => connection.read(() => all.all().map(definition)),
    byFingerprint: (fingerprint) => connection.read(() => find(fingerprint)),
    async apply(expected, definitions, at) {
      assertDistinct(definitions);
      assert(Number.isSafeInteger(at), `${at} is not a timestamp`);
      return connection.write(() => {
        const now = present();
        if (sameSet(now.definitions, definitions)) return now;
        if (now.revision !== expected)
          throw new AsofError("ASOF_APPLY_CONFLICT", `the registry is at revision ${now.revision}, not ${expected}`, {
            expected,
            revision: now.revision,
          });
        const revision = expected + 1;
        addRevision.run(revision, at);
        definitions.forEach(({ kind, name, fingerprint, json }, ordinal) => {
          const known = find(fingerprint);
          if (known === null) addDefinition.run(kind, name, fingerprint, json);
          else assert(known.json === json, `two definitions have the fingerprint ${fingerprint}`);
          addMember.run(revision, ordinal, fingerprint);
        });
        return present();
      });
    },
  };
}

function definition(row: unknown): StoredDefinition {
  return { ...(row as StoredDefinition) };
}

function sameSet(a: readonly StoredDefinition[], b: readonly StoredDefinition[]): boolean {
  const fingerprints = new Set(a.map(({ fingerprint }) => fingerprint));
  return a.length === b.length && b.every(({ fingerprint }) => fingerprints.has(fingerprint));
}

function assertDistinct(definitions: readonly StoredDefinition[]): void {
  for (const identity of [
    (d: StoredDefinition) => d.fingerprint,
    (d: StoredDefinition) => JSON.stringify([d.kind, d.name]),
  ])
    assert(new Set(definitions.map(identity)).size === definitions.length, "a definition is given twice");
}
