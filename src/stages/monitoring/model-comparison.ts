import {
  type ComparedMetric,
  comparedMetrics,
  type Estimate,
  estimate,
  type MetricDifference,
  pairedDifference,
  standardError,
  unpairedDifference,
} from "../../core/metrics/estimate.ts";
import { evaluate, type Metrics } from "../../core/metrics/metrics.ts";
import type {
  ModelComparison,
  OutcomeCounts,
  OutcomeStretch,
  ScoredPair,
  ScoredPrediction,
  TrialComparison,
  VersionOutcomes,
} from "../../core/result/comparison.ts";
import type { ServingRole } from "../../core/result/serving-role.ts";

type Compared = Pick<ModelComparison, "versions" | "trials" | keyof OutcomeCounts>;

/** Measures the predictions of each version by the role that it had, and those on trial against what answered. */
export function compareOutcomes(
  task: Metrics["task"],
  predictions: readonly ScoredPrediction[],
  pairs: readonly ScoredPair[],
): Compared {
  const groups = [...Map.groupBy(predictions, ({ version, role }) => `${version} ${role}`).values()].sort(
    ([a], [b]) => a.version - b.version || order.indexOf(a.role) - order.indexOf(b.role),
  );
  const together = [...Map.groupBy(pairs, ({ shadow, answered, role }) => `${shadow} ${answered} ${role}`).values()];
  return {
    ...countsOf(predictions),
    versions: groups.map((group) => outcomesOf(task, group)),
    trials: [
      ...groups.filter(([{ role }]) => role === "canary").flatMap((canary) => canaryTrials(task, canary, groups)),
      ...together
        .sort(([a], [b]) => a.shadow - b.shadow || a.answered - b.answered)
        .map((same) => shadowTrial(task, same)),
    ],
  };
}

const order: readonly ServingRole[] = ["current", "canary", "shadow"];

function countsOf(predictions: readonly ScoredPrediction[]): OutcomeCounts {
  const counts = { outcome: 0, seen: 0, far: 0, waiting: 0 };
  for (const { fate } of predictions) counts[fate]++;
  const { outcome, ...rest } = counts;
  return { predictions: predictions.length, withOutcome: outcome, ...rest };
}

function outcomesOf(task: Metrics["task"], group: readonly ScoredPrediction[]): VersionOutcomes {
  const [{ version, role }] = group;
  const measured = measure(task, group.filter(isKnown));
  return {
    version,
    role,
    ...countsOf(group),
    first: group.reduce((least, { t }) => Math.min(least, t), Infinity),
    last: group.reduce((most, { t }) => Math.max(most, t), -Infinity),
    metrics: measured?.metrics ?? null,
    standardErrors: Object.fromEntries(
      measured === null
        ? []
        : comparedMetrics[task].map((name) => [name, standardError(measured.estimates.get(name)!)]),
    ),
    course: courseOf(task, group.filter(isKnown)),
  };
}

/** Stretches at the most, and outcomes in each at the least: fewer tell nothing but chance. */
const STRETCHES = 12;
const OUTCOMES = 50;

/**
 * How well predictions fit what came as time went on. Predictions of one moment stay together, so that stretches do not
 * depend on the order of rows: each ends at the first moment that fills its share.
 */
function courseOf(task: Metrics["task"], known: readonly ScoredPrediction[]): OutcomeStretch[] {
  const count = Math.min(STRETCHES, Math.floor(known.length / OUTCOMES));
  if (count === 0) return [];
  const moments = [...Map.groupBy(known, ({ t }) => t).entries()].toSorted(([a], [b]) => a - b);
  const stretches: OutcomeStretch[] = [];
  let rows: ScoredPrediction[] = [];
  let end = 0;
  for (const [, together] of moments) {
    const share = Math.floor(((end - rows.length) * count) / known.length) + 1;
    rows.push(...together);
    end += together.length;
    if (end * count < known.length * share) continue;
    stretches.push(stretchOf(task, rows));
    rows = [];
  }
  return stretches;
}

function stretchOf(task: Metrics["task"], rows: readonly ScoredPrediction[]): OutcomeStretch {
  const found = estimate(
    comparedMetrics[task][0],
    Float64Array.from(rows, ({ value }) => value),
    Float64Array.from(rows, ({ label }) => label!),
  );
  return {
    from: rows[0].t,
    until: rows.at(-1)!.t,
    withOutcome: rows.length,
    value: found.value,
    standardError: found.value === null ? null : standardError(found),
  };
}

/** A canary against the current versions, over the time in which it answered. */
function canaryTrials(
  task: Metrics["task"],
  canary: readonly ScoredPrediction[],
  groups: readonly (readonly ScoredPrediction[])[],
): TrialComparison[] {
  const { version, first, last } = outcomesOf(task, canary);
  return groups.flatMap((group): TrialComparison[] => {
    if (group[0].role !== "current") return [];
    const other = group.filter(({ t }) => t >= first && t <= last);
    if (other.length === 0) return [];
    const [own, others] = [canary.filter(isKnown), other.filter(isKnown)];
    const [a, b] = [measure(task, own), measure(task, others)];
    return [
      {
        version,
        role: "canary",
        against: { version: group[0].version, role: "current" },
        paired: false,
        predictions: [canary.length, other.length],
        withOutcome: [own.length, others.length],
        apart: null,
        metrics: [a?.metrics ?? null, b?.metrics ?? null],
        differences: differences(task, a, b, unpairedDifference),
      },
    ];
  });
}

/** A shadow against what answered the same requests. */
function shadowTrial(task: Metrics["task"], pairs: readonly ScoredPair[]): TrialComparison {
  const [{ shadow, answered, role }] = pairs;
  const known = pairs.filter(isKnown);
  const [a, b] = ([0, 1] as const).map((side) =>
    measure(
      task,
      known.map(({ values, label }) => ({ value: values[side], label })),
    ),
  );
  return {
    version: shadow,
    role: "shadow",
    against: { version: answered, role },
    paired: true,
    predictions: [pairs.length, pairs.length],
    withOutcome: [known.length, known.length],
    apart: pairs.reduce((sum, { values: [own, other] }) => sum + Math.abs(own - other), 0) / pairs.length,
    metrics: [a?.metrics ?? null, b?.metrics ?? null],
    differences: differences(task, a, b, pairedDifference),
  };
}

interface Measured {
  readonly metrics: Metrics;
  readonly estimates: ReadonlyMap<ComparedMetric, Estimate>;
}

function measure(
  task: Metrics["task"],
  rows: readonly { readonly value: number; readonly label: number | null }[],
): Measured | null {
  if (rows.length === 0) return null;
  const predictions = Float64Array.from(rows, ({ value }) => value);
  const labels = Float64Array.from(rows, ({ label }) => label!);
  return {
    metrics: evaluate(task, predictions, labels),
    estimates: new Map(comparedMetrics[task].map((name) => [name, estimate(name, predictions, labels)])),
  };
}

function differences(
  task: Metrics["task"],
  a: Measured | null,
  b: Measured | null,
  between: (a: Estimate, b: Estimate) => MetricDifference | null,
): TrialComparison["differences"] {
  if (a === null || b === null) return {};
  const found: Partial<Record<ComparedMetric, MetricDifference>> = {};
  for (const name of comparedMetrics[task]) {
    const difference = between(a.estimates.get(name)!, b.estimates.get(name)!);
    if (difference !== null) found[name] = difference;
  }
  return found;
}

const isKnown = ({ label }: { readonly label: number | null }): boolean => label !== null;
