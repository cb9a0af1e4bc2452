import type { ModelSummary } from "../../../core/result/outcomes.ts";
import { shareText } from "../../../core/result/serving-role.ts";
import { bytes, count, metric, moment } from "../format.ts";
import { withTimes } from "../with-times.ts";
import { table } from "../table.ts";
import { examples, type Verb } from "../verb.ts";
import { compareVerb } from "./compare.ts";

export const modelsVerb: Verb = (program, action) => {
  const models = program
    .command("models")
    .summary("list model versions and their metrics")
    .description(
      "The versions in the model registry with their metrics on held-out time; * marks the one that serves, beside what " +
        "is tried out.",
    )
    .argument("[model]", "only this model")
    .addHelpText(
      "after",
      examples(
        ["asof models", "every version"],
        ["asof models late_flight_model --json", "with all that is recorded of them"],
        ["asof models compare late_flight_model", "how each has predicted, once that is known"],
      ),
    )
    .action(
      action(async (run, model?: string) => {
        const versions = await run.withStore((store) => store.models(model));
        return {
          json: versions.map(summaryJson),
          text: (style) =>
            versions.length === 0
              ? "There are no models yet: train one with `asof train`."
              : table(
                  [
                    "model",
                    { right: "version" },
                    "serves",
                    "created",
                    "trainer",
                    { right: "trained on" },
                    "metric",
                    { right: "held out" },
                    { right: "without" },
                    { right: "size" },
                  ],
                  versions.map((v) => [
                    v.model,
                    String(v.version),
                    serves(v),
                    moment(v.createdAt),
                    v.trainer,
                    count(v.trainingSet.rows),
                    v.metrics.task === "classification" ? "AUC" : "RMSE",
                    headline(v.metrics),
                    headline(v.baseline),
                    bytes(v.bytes),
                  ]),
                  style,
                ),
        };
      }),
    );
  compareVerb(models, action);
};

function serves({ role, share }: ModelSummary): string {
  if (role === "canary") return `canary ${shareText(share!)}`;
  return role === "current" ? "*" : (role ?? "");
}

function headline(metrics: ModelSummary["baseline"]): string {
  return metric(metrics === null ? null : metrics.task === "classification" ? metrics.auc : metrics.rmse);
}

function summaryJson(summary: ModelSummary): Record<string, unknown> {
  return {
    ...withTimes(summary, "createdAt"),
    trainingSet: withTimes(summary.trainingSet, "from", "until"),
    heldOut: withTimes(summary.heldOut, "from", "until"),
  };
}
