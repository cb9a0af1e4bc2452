import { objectOf } from "../../core/codec/shape.ts";
import { parseStored } from "../../core/codec/stored-json.ts";
import type { ModelSummary } from "../../core/result/outcomes.ts";
import type { ModelVersion, RegistryStore, ServingVersions } from "../../ports/registry-store.ts";
import type { ModelDetails } from "./train.ts";

/** The versions of a model, or of all models, with what is known of their making. */
export async function listModels(registry: RegistryStore, model?: string): Promise<ModelSummary[]> {
  const summaries: ModelSummary[] = [];
  for (const version of await registry.models(model)) {
    const serving = await registry.serving(version.model);
    const { trainer, trainingSet, heldOut, metrics, baseline } = detailsOf(version);
    summaries.push({
      model: version.model,
      version: version.version,
      createdAt: version.createdAt,
      promoted: serving.current?.version === version.version,
      ...roleOf(version.version, serving),
      fingerprint: version.fingerprint,
      sha256: version.sha256,
      runtime: version.runtime,
      bytes: version.bytes,
      trainer,
      trainingSet,
      heldOut,
      metrics,
      baseline,
    });
  }
  return summaries;
}

/** What a version keeps of its making. @throws ASOF_CORRUPT */
export function detailsOf({ model, version, details }: ModelVersion): ModelDetails {
  return parseStored(details, `what is known of version ${version} of ${model}`, objectOf({})) as ModelDetails;
}

function roleOf(version: number, { current, canary, shadow }: ServingVersions): Pick<ModelSummary, "role" | "share"> {
  if (current?.version === version) return { role: "current", share: null };
  if (canary?.version.version === version) return { role: "canary", share: canary.share };
  return { role: shadow?.version === version ? "shadow" : null, share: null };
}
