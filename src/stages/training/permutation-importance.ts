import { checkInterrupted } from "../../core/interruption.ts";
import { gather } from "../../core/kernel/column-buffer.ts";
import { comparedMetrics, estimate, pairedDifference } from "../../core/metrics/estimate.ts";
import { shuffledRows } from "../../core/metrics/shuffled-rows.ts";
import { nextTurn } from "../../core/next-turn.ts";
import type { FeatureImportance, PermutationImportance } from "../../core/result/evaluation.ts";
import type { Column } from "../../core/schema/column.ts";
import type { LoadedModel, Task } from "../../ports/trainer.ts";

/** Rows that are shuffled, at the most, and predictions for all features together, which goes before. */
const ROWS = 4000;
const PREDICTIONS = 400_000;
const FEWEST_ROWS = 200;

/** Measures a model on held-out rows with each of its features shuffled in turn, the same way each time. */
export async function permutationImportance(
  model: LoadedModel,
  task: Task,
  table: { readonly rows: number; readonly features: Readonly<Record<string, Column>>; readonly label: Float64Array },
  signal?: AbortSignal,
): Promise<PermutationImportance | null> {
  const names = model.inputs.filter((name) => Object.hasOwn(table.features, name));
  const most = Math.min(ROWS, Math.max(FEWEST_ROWS, Math.floor(PREDICTIONS / Math.max(1, names.length))));
  const { rows, features, label } = spread(table, most);
  const [metric] = comparedMetrics[task];
  const whole = estimate(metric, await model.predict(features, rows), label);
  if (whole.value === null) return null;
  const found: FeatureImportance[] = [];
  for (const [i, feature] of names.toSorted().entries()) {
    checkInterrupted(signal);
    const own = features[feature];
    features[feature] = gather(own, shuffledRows(rows, i + 1));
    const without = estimate(metric, await model.predict(features, rows), label);
    features[feature] = own;
    const lost = task === "classification" ? pairedDifference(whole, without) : pairedDifference(without, whole);
    found.push({ feature, worse: lost!.difference, standardError: lost!.standardError });
    // Others have their turn: a model predicts without waiting for anything.
    await nextTurn();
  }
  found.sort((a, b) => b.worse - a.worse || (a.feature < b.feature ? -1 : 1));
  return { metric, value: whole.value, rows, features: found };
}

/** At most so many rows, evenly spread. */
function spread(
  { rows, features, label }: Parameters<typeof permutationImportance>[2],
  most: number,
): { readonly rows: number; readonly features: Record<string, Column>; readonly label: Float64Array } {
  if (rows <= most) return { rows, features: { ...features }, label };
  const taken = Uint32Array.from({ length: most }, (_, i) => Math.floor((i * rows) / most));
  return {
    rows: most,
    features: Object.fromEntries(Object.entries(features).map(([name, column]) => [name, gather(column, taken)])),
    label: Float64Array.from(taken, (row) => label[row]),
  };
}
