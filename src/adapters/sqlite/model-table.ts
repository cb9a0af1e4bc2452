import { AsofError } from "../../core/errors.ts";
import type { TrialRole } from "../../core/result/serving-role.ts";
import type { ModelVersion, RegistryStore } from "../../ports/registry-store.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";

/** Versions with the moment each was promoted last. */
const VERSIONS = `
  select model, version, created_at as createdAt, fingerprint, runtime, sha256, bytes, details,
    (select at from promotion p where p.model = v.model and p.version = v.version order by id desc limit 1) as promotedAt
  from model_version v`;

export function modelTable(
  connection: SqliteConnection,
): Pick<RegistryStore, "addModel" | "models" | "promote" | "promoted" | "tryOut" | "serving"> {
  const next = connection.prepare("select coalesce(max(version), 0) + 1 as version from model_version where model = ?");
  const add = connection.prepare("insert into model_version values (?, ?, ?, ?, ?, ?, ?, ?)");
  const list = connection.prepare(`${VERSIONS} where ?1 is null or model = ?1 order by model, version`);
  const one = connection.prepare(`${VERSIONS} where model = ? and version = ?`);
  const addPromotion = connection.prepare("insert into promotion (model, version, at) values (?, ?, ?)");
  const serving = connection.prepare(`
    ${VERSIONS} where model = ?1
      and version = (select version from promotion where model = ?1 order by id desc limit 1)`);

  const addTrial = connection.prepare("insert into trial (model, role, version, share, at) values (?, ?, ?, ?, ?)");
  const lastTrial = connection.prepare(
    "select version, share from trial where model = ? and role = ? order by id desc limit 1",
  );

  const mustBeThere = (model: string, version: number): void => {
    if (one.get(model, version) === undefined)
      throw new AsofError("ASOF_UNKNOWN_MODEL_VERSION", `there is no version ${version} of model "${model}"`, {
        model,
        version,
      });
  };
  const trialOf = (model: string, role: TrialRole): { version: number; share: number | null } | null => {
    const row = lastTrial.get(model, role) as { version: number | null; share: number | null } | undefined;
    return row === undefined || row.version === null ? null : { version: row.version, share: row.share };
  };
  const end = (model: string, role: TrialRole, version: number | null, at: number): void => {
    const present = trialOf(model, role);
    if (present !== null && (version === null || present.version === version))
      addTrial.run(model, role, null, null, at);
  };
  const current = (model: string): ModelVersion | null => {
    const row = serving.get(model);
    return row === undefined ? null : modelVersion(row);
  };

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
        mustBeThere(model, version);
        addPromotion.run(model, version, at);
        for (const role of ["canary", "shadow"] as const) end(model, role, version, at);
      }),
    promoted: (model) => connection.read(() => current(model)),
    tryOut: (model, role, trial, at) =>
      connection.write(() => {
        if (trial === null) return end(model, role, null, at);
        const { version, share } = trial;
        mustBeThere(model, version);
        const present = current(model);
        if (present === null)
          throw new AsofError("ASOF_NO_MODEL", `no version of model ${model} is promoted`, { model });
        if (present.version === version)
          throw new AsofError("ASOF_MODEL_ROLE", `version ${version} of model ${model} is the one that serves`, {
            model,
            version,
          });
        end(model, role === "canary" ? "shadow" : "canary", version, at);
        addTrial.run(model, role, version, share, at);
      }),
    serving: (model) =>
      connection.read(() => {
        const [canary, shadow] = [trialOf(model, "canary"), trialOf(model, "shadow")];
        const version = (number: number): ModelVersion => modelVersion(one.get(model, number));
        return {
          current: current(model),
          canary: canary === null ? null : { version: version(canary.version), share: canary.share! },
          shadow: shadow === null ? null : version(shadow.version),
        };
      }),
  };
}

function modelVersion(row: unknown): ModelVersion {
  return { ...(row as ModelVersion) };
}
