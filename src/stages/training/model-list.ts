import { objectOf } from "../../core/codec/shape.ts";
import { parseStored } from "../../core/codec/stored-json.ts";
import type { ModelSummary } from "../../core/result/outcomes.ts";
import type { RegistryStore } from "../../ports/registry-store.ts";
import type { ModelDetails } from "./train.ts";

/** The versions of a model, or of all models, with what is known of their making. */
export async function listModels(registry: RegistryStore, model?: string): Promise<ModelSummary[]> {
  const summaries: ModelSummary[] = [];
  for (const version of await registry.models(model)) {
    const promoted = await registry.promoted(version.model);
    const { trainer, trainingSet, heldOut, metrics, baseline } = parseStored(
      version.details,
      `what is known of version ${version.version} of ${version.model}`,
      objectOf({}),
    ) as ModelDetails;
    summaries.push({
      model: version.model,
      version: version.version,
      createdAt: version.createdAt,
      promoted: promoted?.version === version.version,
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
