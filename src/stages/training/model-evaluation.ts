import { count, finite, listOf, objectOf, orNull, text } from "../../core/codec/shape.ts";
import { checkShape } from "../../core/codec/stored-json.ts";
import { AsofError } from "../../core/errors.ts";
import type { ModelEvaluation } from "../../core/result/evaluation.ts";
import type { RegistryStore } from "../../ports/registry-store.ts";
import { detailsOf } from "./model-list.ts";

const roc = orNull(
  objectOf({
    positives: count,
    negatives: count,
    points: listOf(objectOf({ threshold: finite, truePositives: count, falsePositives: count })),
  }),
);
const importance = orNull(
  objectOf({
    metric: text,
    value: finite,
    rows: count,
    features: listOf(objectOf({ feature: text, worse: finite, standardError: orNull(finite) })),
  }),
);
const findings = objectOf({ roc, baselineRoc: roc, importance });

/**
 * What was found of a version on its held-out time; of the one that serves where none is named.
 * @throws ASOF_UNKNOWN_MODEL_VERSION, ASOF_NO_MODEL, ASOF_CORRUPT
 */
export async function evaluationOf(
  registry: RegistryStore,
  model: string,
  version: number | null,
): Promise<ModelEvaluation> {
  const found =
    version === null
      ? await registry.promoted(model)
      : (await registry.models(model)).find((one) => one.version === version);
  if (found === null) throw new AsofError("ASOF_NO_MODEL", `no version of model ${model} is promoted`, { model });
  if (found === undefined)
    throw new AsofError("ASOF_UNKNOWN_MODEL_VERSION", `model ${model} has no version ${version}`, { model, version });
  const { findings: kept = null } = detailsOf(found);
  if (kept !== null) checkShape(kept, `what was found of version ${found.version} of ${model}`, findings);
  return { model, version: found.version, findings: kept };
}
