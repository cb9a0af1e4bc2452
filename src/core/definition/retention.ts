import { AsofError } from "../errors.ts";
import { formatDuration } from "../time/duration.ts";
import { DAY } from "../time/timestamp.ts";
import type { AggregateViewDefinition, BatchViewDefinition, SourceDefinition } from "./data.ts";

/**
 * What a source keeps beyond what its views reach back: a day in which what was served can be computed again, as days
 * are dropped whole.
 */
const BEYOND = DAY;

/** How far before a moment the features of a view reach at the most: Infinity with a lifetime window. */
function reachOf({ features }: AggregateViewDefinition): { readonly reach: number; readonly feature: string } {
  let farthest = { reach: 0, feature: "" };
  for (const { name, window, series = 1 } of features) {
    const reach = window.length === null ? Infinity : window.length * series + window.offset + window.hop;
    if (reach > farthest.reach) farthest = { reach, feature: name };
  }
  return farthest;
}

/** Refuses a view that needs more of a source than its retention keeps. @throws ASOF_DEFINITION */
export function checkRetention(view: AggregateViewDefinition | BatchViewDefinition, source: SourceDefinition): void {
  const { retention } = source;
  if (retention === undefined) return;
  const refuse = (why: string): never => {
    throw new AsofError(
      "ASOF_DEFINITION",
      `view ${view.name}: ${why}, but source ${source.name} has a retention of ${formatDuration(retention)}`,
      { view: view.name, source: source.name, retention: formatDuration(retention) },
    );
  };
  if (view.kind === "batchView") {
    if (view.lookback === undefined)
      return refuse("it does not say with `lookback` how far before a row's time its query reads");
    if (view.lookback + BEYOND > retention)
      refuse(`its query reads ${formatDuration(view.lookback)} back, which with a day to spare is more`);
    return;
  }
  const { reach, feature } = reachOf(view);
  if (reach === Infinity) refuse(`${feature} is over a lifetime`);
  if (reach + BEYOND > retention)
    refuse(`${feature} reaches ${formatDuration(reach)} back, its hop included, which with a day to spare is more`);
}

/** A source as what rests on it sees it: how long its records are kept decides no value. */
export function withoutRetention(source: SourceDefinition): SourceDefinition {
  const { retention: _, ...rest } = source;
  return rest;
}
