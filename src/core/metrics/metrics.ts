import { assert } from "../assert.ts";
import { accuracy } from "./accuracy.ts";
import { areaUnderCurve } from "./area-under-curve.ts";
import { calibrationBins, type CalibrationBin, expectedCalibrationError } from "./calibration.ts";
import { logLoss } from "./log-loss.ts";
import { meanAbsoluteError } from "./mean-absolute-error.ts";
import { rSquared } from "./r-squared.ts";
import { rootMeanSquareError } from "./root-mean-square-error.ts";
import { groupByScore } from "./score-groups.ts";

/** How well probabilities of class 1 fit labels of 0 and 1. Null marks what these labels leave undefined. */
export interface ClassificationMetrics {
  readonly task: "classification";
  readonly rows: number;
  /** The share of class 1 among the labels. */
  readonly baseRate: number;
  readonly auc: number | null;
  readonly aucStandardError: number | null;
  readonly logLoss: number;
  readonly accuracy: number;
  readonly calibrationError: number;
  readonly calibration: readonly CalibrationBin[];
}

/** How well predicted values fit the labels. */
export interface RegressionMetrics {
  readonly task: "regression";
  readonly rows: number;
  readonly rmse: number;
  readonly mae: number;
  readonly r2: number | null;
}

/** Plain data that survives JSON. */
export type Metrics = ClassificationMetrics | RegressionMetrics;

/**
 * Measures predictions against labels: at least one row, finite numbers, probabilities within [0, 1] against labels
 * of 0 or 1. Every metric is a function of the multiset of (prediction, label): the order of rows is immaterial, to
 * the last bit.
 */
export function evaluate(task: Metrics["task"], predictions: Float64Array, labels: Float64Array): Metrics {
  const rows = predictions.length;
  assert(rows > 0, "there are rows to measure");
  assert(rows === labels.length, "there is a label for each prediction");
  assert(predictions.every(Number.isFinite) && labels.every(Number.isFinite), "predictions and labels are finite");
  if (task === "regression")
    return {
      task,
      rows,
      rmse: rootMeanSquareError(predictions, labels),
      mae: meanAbsoluteError(predictions, labels),
      r2: rSquared(predictions, labels),
    };
  assert(
    predictions.every((p) => p >= 0 && p <= 1),
    "predictions are probabilities",
  );
  assert(
    labels.every((label) => label === 0 || label === 1),
    "labels are 0 or 1",
  );
  const groups = groupByScore(predictions, labels);
  const { auc, standardError } = areaUnderCurve(groups);
  const calibration = calibrationBins(groups);
  return {
    task,
    rows,
    baseRate: labels.reduce((sum, label) => sum + label, 0) / rows,
    auc,
    aucStandardError: standardError,
    logLoss: logLoss(predictions, labels),
    accuracy: accuracy(predictions, labels),
    calibrationError: expectedCalibrationError(calibration),
    calibration,
  };
}
