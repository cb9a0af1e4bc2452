import { AsofError } from "../../core/errors.ts";
import type { ModelVersion, RegistryStore } from "../../ports/registry-store.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";

/** Versions with the moment each was promoted last. */
const VERSIONS = `
  select model, version, created_at as createdAt, fingerprint, runtime, sha256, bytes, details,
    (select at from promotion p where p.model = v.model and p.version = v.version order by id desc limit 1) as promotedAt
  from model_version v`;

export function modelTable(
  connection: SqliteConnection,
): Pick<RegistryStore, "addModel" | "models" | "promote" | "promoted"> {
  const next = connection.prepare("select coalesce(max(version), 0) + 1 as version from model_version where model = ?");
  const add = connection.prepare("insert into model_version values (?, ?, ?, ?, ?, ?, ?, ?)");
  const list = connection.prepare(`${VERSIONS} where ?1 is null or model = ?1 order by model, version`);
  const one = connection.prepare(`${VERSIONS} where model = ? and version = ?`);
  const addPromotion = connection.prepare("insert into promotion (model, version, at) values (?, ?, ?)");
  const serving = connection.prepare(`
    ${VERSIONS} where model = ?1
      and version = (select version from promotion where model = ?1 order by id desc limit 1)`);

  return {
    addModel: ({ model, createdAt, fingerprint, runtime, sha256, bytes, details }) =>
      connection.write(() => {
        const { version } = next.get(model) as { version: number };
        add.run(model, version, createdAt, fingerprint, runtime, sha256, bytes, details);
        return version;
      }),
    models: (model) => connection.read(() => list.all(model ?? null).map(modelVersion)),
    promote: (model, version, at) =>
      connection.write(() => {
        if (one.get(model, version) === undefined)
          throw new AsofError("ASOF_UNKNOWN_MODEL_VERSION", `there is no version ${version} of model "${model}"`, {
            model,
            version,
          });
        addPromotion.run(model, version, at);
      }),
    promoted: (model) =>
      connection.read(() => {
        const row = serving.get(model);
        return row === undefined ? null : modelVersion(row);
      }),
  };
}

function modelVersion(row: unknown): ModelVersion {
  return { ...(row as ModelVersion) };
}
