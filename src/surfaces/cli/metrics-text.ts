import type { Metrics } from "../../core/metrics/metrics.ts";
import { count, metric, NONE } from "./format.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";

/** Named figures of the metrics, in the order they are shown; one name list a task. */
export function figures(metrics: Metrics): readonly (readonly [name: string, value: string])[] {
  if (metrics.task === "regression")
    return [
      ["RMSE", metric(metrics.rmse)],
      ["MAE", metric(metrics.mae)],
      ["R²", metric(metrics.r2)],
      ["rows", count(metrics.rows)],
    ];
  return [
    ["AUC", metric(metrics.auc)],
    ["AUC standard error", metric(metrics.aucStandardError)],
    ["log loss", metric(metrics.logLoss)],
    ["accuracy", metric(metrics.accuracy)],
    ["calibration error", metric(metrics.calibrationError)],
    ["base rate", metric(metrics.baseRate)],
    ["rows", count(metrics.rows)],
  ];
}

/** A model's metrics on held-out time beside those of the same trainer without the store's features. */
export function metricsTable(metrics: Metrics, baseline: Metrics | null, style: Style): string {
  const without = new Map(baseline === null ? [] : figures(baseline));
  const rows = figures(metrics).map(([name, value]) => [name, value, without.get(name) ?? NONE]);
  return table(["held out", { right: "with the store's features" }, { right: "without" }], rows, style);
}
