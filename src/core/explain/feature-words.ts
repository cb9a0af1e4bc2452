import type { AggregateFeature } from "../definition/data.ts";
import { expressionText } from "../expression/expression-text.ts";
import { formatDuration } from "../time/duration.ts";

/** What a feature is, in words: `sum of amount where ok, over 1h, by hops of 5m`. */
export function featureWords({ aggregation, of, where, per, window, series }: AggregateFeature): string {
  const { kind, ...numbers } = aggregation.kind === "per" ? aggregation.each : aggregation;
  const options = Object.entries(numbers).map(([name, value]) => `${name} ${String(value)}`);
  const what = options.length === 0 ? kind : `${kind} (${options.join(", ")})`;
  const argument = of === null ? "of records" : `of ${expressionText(of)}`;
  const grouped = per === undefined ? "" : ` per ${expressionText(per)}`;
  const condition = where === null ? "" : ` where ${expressionText(where)}`;
  if (window.length === null) return `${what} ${argument}${grouped}${condition}, over all of history`;
  const length = formatDuration(window.length);
  const span = series === undefined ? `over ${length}` : `${series} times ${length}, one before the other`;
  const offset = window.offset === 0 ? "" : `, ${formatDuration(window.offset)} earlier`;
  return `${what} ${argument}${grouped}${condition}, ${span}, by hops of ${formatDuration(window.hop)}${offset}`;
}
