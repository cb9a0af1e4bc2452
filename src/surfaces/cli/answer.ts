import type { FeatureType } from "../../core/aggregation/aggregation.ts";
import type { FeatureAnswer } from "../../core/result/answers.ts";
import { formatTimestamp } from "../../core/time/timestamp.ts";
import { legible } from "../http/legible.ts";
import { writeJson } from "../http/json/write-json.ts";
import { moment } from "./format.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";
import { withTimes } from "./with-times.ts";

/** The type of each feature, by the name it has in answers. */
export type FeatureTypes = Readonly<Record<string, FeatureType>>;

/** The features of one answer, each with what its view had to say. */
export function answerTable(answer: FeatureAnswer, types: FeatureTypes, style: Style): string {
  const rows = Object.entries(answer.values).map(([name, value]) => {
    // Features are named `alias__feature`, and an alias holds no double underscore.
    const alias = name.slice(0, name.indexOf("__"));
    const shown = writeJson(legible(value, types[name]));
    return [name, shown, answer.statuses[alias] ?? "", moment(answer.eventTimes[alias] ?? null)];
  });
  return table(["feature", { right: "value" }, "status", "last event"], rows, style, (cell, column) =>
    column === 2 && !cell.startsWith("PRESENT") ? style.yellow(cell) : cell,
  );
}

/** An answer with its moments in ISO 8601, whether they are times of views or values of features. */
export function answerJson(answer: FeatureAnswer, types: FeatureTypes): Record<string, unknown> {
  return {
    ...withTimes(answer, "t", "knownAt"),
    values: mapValues(answer.values, (value, name) => legible(value, types[name])),
    eventTimes: mapValues(answer.eventTimes, (at) => (at === null ? null : formatTimestamp(at))),
  };
}

function mapValues<V, W>(record: Readonly<Record<string, V>>, of: (value: V, name: string) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value, name)]));
}
