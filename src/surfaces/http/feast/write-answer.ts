import type { FeatureValue } from "../../../core/aggregation/feature-type.ts";
import type { FeatureAnswer } from "../../../core/result/answers.ts";
import { formatTimestamp } from "../../../core/time/timestamp.ts";
import type { RequestRow } from "../row-reader.ts";
import { collision, type Selection } from "./selection.ts";
import { feastValueWriter } from "./value-writer.ts";

/** What Feast says of a time that there is not. */
const NEVER = '"1970-01-01T00:00:00Z"';

/** Feast's statuses of views that have nothing to say. */
const absent: Readonly<Record<string, string>> = { NOT_FOUND: '"NOT_FOUND"', EXPIRED: '"OUTSIDE_MAX_AGE"' };

export interface AnswerNaming {
  /** `view__feature` in place of `feature`. */
  readonly full: boolean;
  /** Also names the views, which are of no version. */
  readonly views: boolean;
}

/**
 * The names that a selection's columns have in an answer: the keys that the request gave, in its order, then the
 * features. @throws ASOF_NAME_COLLISION
 */
export function columnNames(selection: Selection, given: readonly string[], full: boolean): string[] {
  const names = [
    ...given.filter((name) => selection.keys.has(name)),
    ...selection.features.map(({ alias, name }) => (full ? `${alias}__${name}` : name)),
  ];
  const twice = new Set(names.filter((name, i) => names.indexOf(name) !== i));
  if (twice.size > 0) throw collision([...twice]);
  return names;
}

/** An answer as Feast's columns: `results[i]` belongs to `metadata.feature_names[i]`. */
export function writeAnswer(
  selection: Selection,
  names: readonly string[],
  rows: readonly RequestRow[],
  answers: readonly FeatureAnswer[],
  naming: AnswerNaming,
): string {
  const keys = names.slice(0, names.length - selection.features.length);
  const repeat = (text: string): string => Array.from(rows, () => text).join(",");
  const [present, never] = [repeat('"PRESENT"'), repeat(NEVER)];
  const results = keys.map((key) => {
    const write = feastValueWriter(selection.inputs[key]);
    const values = rows.map((row) => write(row[key])).join(",");
    return `{"values":[${values}],"statuses":[${present}],"event_timestamps":[${never}]}`;
  });
  const times = new Map<string, string>();
  for (const { alias, place, type } of selection.features) {
    let time = times.get(alias);
    if (time === undefined) {
      time = answers.map(({ eventTimes }) => momentOf(eventTimes[alias])).join(",");
      times.set(alias, time);
    }
    const write = feastValueWriter(type);
    let [values, statuses] = ["", ""];
    for (const answer of answers) {
      const value = answer.values[place];
      const comma = values === "" ? "" : ",";
      const none = value === null || isEmpty(value);
      values += comma + (none ? "null" : write(value));
      statuses += comma + (absent[answer.statuses[alias]] ?? (none ? '"NULL_VALUE"' : '"PRESENT"'));
    }
    results.push(`{"values":[${values}],"statuses":[${statuses}],"event_timestamps":[${time}]}`);
  }
  const views = naming.views
    ? `,"feature_view_metadata":${JSON.stringify([...times.keys()].map((name) => ({ name })))}`
    : "";
  return `{"metadata":{"feature_names":${JSON.stringify(names)}${views}},"results":[${results.join(",")}]}`;
}

/** Feast's client cannot tell what an empty collection is of, and gives up the whole answer over it. */
function isEmpty(value: FeatureValue): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function momentOf(at: number | null): string {
  return at === null ? NEVER : `"${formatTimestamp(at)}"`;
}
