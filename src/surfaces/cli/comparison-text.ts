import { comparedMetrics, type ComparedMetric } from "../../core/metrics/estimate.ts";
import type { Metrics } from "../../core/metrics/metrics.ts";
import type { ModelComparison, TrialComparison, VersionOutcomes } from "../../core/result/comparison.ts";
import { formatDuration } from "../../core/time/duration.ts";
import { count, metric, moment, NONE, plural } from "./format.ts";
import type { Style } from "./style.ts";
import { facts, table } from "./table.ts";
import { withTimes } from "./with-times.ts";

export function comparisonJson(compared: ModelComparison): Record<string, unknown> {
  return {
    ...withTimes(compared, "t", "since", "until"),
    versions: compared.versions.map((one) => withTimes(one, "first", "last")),
  };
}

export function comparisonText(compared: ModelComparison, style: Style): string {
  const { model, source, t, within, by, predictions, withOutcome, versions, trials } = compared;
  const found = by.length === 0 ? "nearest in time" : `with the same ${by.join(", ")}, nearest in time`;
  const parts = [
    facts(
      [
        ["model", model],
        ["outcomes", `examples of ${source} ${found}, at most ${formatDuration(within)} away`],
        ["known by", moment(t)],
        ["predictions", `${count(predictions)}, ${count(withOutcome)} with an outcome`],
      ],
      style,
    ),
  ];
  const why = reasons(compared);
  if (why.length > 0) parts.push(why.join("\n"));
  if (versions.length > 0) parts.push(versionTable(compared, style));
  for (const trial of trials) parts.push(trialText(compared.task, trial, style));
  return parts.join("\n\n");
}

/** Why predictions have no outcome, and what may be done about it. */
function reasons({ predictions, withOutcome, seen, far, waiting, within }: ModelComparison): string[] {
  if (predictions === 0) return ["Nothing was predicted yet."];
  return [
    ...(withOutcome === 0 ? ["No outcome is known yet: there is nothing to measure."] : []),
    ...(waiting > 0 ? [`${plural(waiting, "prediction")} without an example of the same inputs so far.`] : []),
    ...(far > 0
      ? [
          `${plural(far, "prediction")} with examples of the same inputs, but none within ${formatDuration(within)}: see --within.`,
        ]
      : []),
    ...(seen > 0
      ? [`${plural(seen, "prediction")} whose only examples so near were there before: those are no outcomes.`]
      : []),
  ];
}

const titles: Readonly<Record<ComparedMetric, string>> = { auc: "AUC", logLoss: "log loss", rmse: "RMSE", mae: "MAE" };

function versionTable({ task, versions }: ModelComparison, style: Style): string {
  const names = comparedMetrics[task];
  const isClassification = task === "classification";
  return table(
    [
      { right: "version" },
      "role",
      { right: "predictions" },
      { right: "outcomes" },
      ...names.map((name) => ({ right: titles[name] })),
      ...(isClassification ? [{ right: "calibration error" }, { right: "base rate" }] : [{ right: "R²" }]),
      "from",
      "until",
    ],
    versions.map((one) => [
      String(one.version),
      one.role,
      count(one.predictions),
      count(one.withOutcome),
      ...names.map((name) => withError(valueOf(one.metrics, name), one.standardErrors[name] ?? null)),
      ...others(one),
      moment(one.first),
      moment(one.last),
    ]),
    style,
  );
}

function others({ metrics }: VersionOutcomes): string[] {
  if (metrics === null) return [NONE, NONE];
  if (metrics.task === "regression") return [metric(metrics.r2)];
  return [metric(metrics.calibrationError), metric(metrics.baseRate)];
}

function trialText(task: Metrics["task"], trial: TrialComparison, style: Style): string {
  const { version, role, against, paired, predictions, withOutcome, apart, metrics, differences } = trial;
  const title = `Version ${version} (${role}) against version ${against.version} (${against.role})`;
  const told = paired
    ? `${plural(predictions[0], "request")} that both predicted, ${count(withOutcome[0])} with an outcome; their predictions are ${metric(apart)} apart on average`
    : `${count(predictions[0])} and ${count(predictions[1])} predictions of the same time, ${count(withOutcome[0])} and ${count(withOutcome[1])} with an outcome`;
  const rows = comparedMetrics[task].flatMap((name) => {
    const one = differences[name];
    if (one === undefined) return [];
    const interval = one.low === null || one.high === null ? NONE : `${signed(one.low)} to ${signed(one.high)}`;
    return [
      [
        titles[name],
        metric(valueOf(metrics[0], name)),
        metric(valueOf(metrics[1], name)),
        signed(one.difference),
        interval,
      ],
    ];
  });
  const head = `${style.bold(title)}\n${told}`;
  if (rows.length === 0) return head;
  return `${head}\n${table(
    [
      "metric",
      { right: `version ${version}` },
      { right: `version ${against.version}` },
      { right: "difference" },
      "95 % interval",
    ],
    rows,
    style,
  )}`;
}

function valueOf(metrics: Metrics | null, name: ComparedMetric): number | null {
  if (metrics === null) return null;
  if (metrics.task === "classification") return name === "auc" ? metrics.auc : metrics.logLoss;
  return name === "rmse" ? metrics.rmse : metrics.mae;
}

const withError = (value: number | null, error: number | null): string =>
  error === null ? metric(value) : `${metric(value)} ± ${metric(error)}`;

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${metric(Math.abs(value))}`;
