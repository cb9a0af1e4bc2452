import type { FeatureType } from "../../../core/aggregation/feature-type.ts";
import type { FeatureAnswer } from "../../../core/result/answers.ts";
import { formatTimestamp, type Timestamp } from "../../../core/time/timestamp.ts";
import { valueWriter } from "../answer-writer.ts";
import { writeJson } from "../json/write-json.ts";

/** The features of rows as JSON, column by column; what all rows share stands once. */
export function columnAnswer(
  service: string,
  types: Readonly<Record<string, FeatureType>>,
  answers: readonly FeatureAnswer[],
): string {
  const [{ t, knowledge, knownAt, loads, statuses }] = answers;
  const members = (names: readonly string[], of: (name: string) => string): string =>
    `{${names.map((name) => `${JSON.stringify(name)}:[${of(name)}]`).join(",")}}`;
  const values = members(Object.keys(types), (name) => {
    const write = valueWriter(types[name]);
    return answers.map((answer) => write(answer.values[name] ?? null)).join(",");
  });
  const aliases = Object.keys(statuses);
  const told = members(aliases, (alias) => answers.map((answer) => `"${answer.statuses[alias]}"`).join(","));
  const times = members(aliases, (alias) => answers.map((answer) => momentOf(answer.eventTimes[alias])).join(","));
  const known = knownAt === undefined ? "" : `,"knownAt":${momentOf(knownAt)}`;
  return `{"service":${JSON.stringify(service)},"rows":${answers.length},"values":${values},"statuses":${told},"eventTimes":${times},"t":${momentOf(t)},"knowledge":"${knowledge}"${known},"loads":${writeJson(loads)}}`;
}

function momentOf(at: Timestamp | null): string {
  return at === null ? "null" : `"${formatTimestamp(at)}"`;
}
