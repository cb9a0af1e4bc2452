import { existsSync } from "node:fs";
import { usage } from "../errors.ts";
import type { Knowledge } from "../../../core/result/knowledge.ts";
import { bytes, count, moment, seconds } from "../format.ts";
import { knowledgeOption } from "../knowledge-option.ts";
import { warningLines } from "../plan-text.ts";
import { facts } from "../table.ts";
import { examples, type Verb } from "../verb.ts";
import { withTimes } from "../with-times.ts";

interface DatasetFlags {
  readonly spine: string;
  readonly out: string;
  readonly time?: string;
  readonly since?: string;
  readonly input?: Readonly<Record<string, string>>;
  readonly knowledge?: Knowledge;
}

export const datasetVerb: Verb = (program, action) => {
  program
    .command("dataset")
    .summary("write a point-in-time correct training set")
    .description(
      "For each row of the spine, in its order: the features of a service as they were known at the row's moment. " +
        "The spine is a Parquet, CSV or NDJSON file, or a query over the sources by their names.",
    )
    .argument("<service>", "the feature service")
    .requiredOption("--spine <file|SQL>", "the rows to find features for")
    .requiredOption("--out <file>", "the Parquet file to write")
    .option("--time <column>", "the spine's column that holds each row's moment (default: t)")
    .option(
      "--input <input=column>",
      "the spine's column for an input that goes by another name; may be repeated",
      addInput,
    )
    .option("--since <time>", "a query sees records of its sources from this event time on only")
    .addOption(
      knowledgeOption(
        "what serving knew at each moment (default), or the truth in hindsight, by what is known now: for analysis, not for training",
      ),
    )
    .addHelpText(
      "after",
      examples(
        ["asof dataset late_flight --spine flights.parquet --time date --out train.parquet", ""],
        ["asof dataset late_flight --spine keys.csv --input origin=from_airport --out x.parquet", ""],
        ['asof dataset late_flight --spine "select scheduled as t, * from flights" --out x.parquet', ""],
      ),
    )
    .action(
      action(async (run, service: string, { spine, out, time, since, input, knowledge }: DatasetFlags) => {
        const outcome = await run.withStore((store) =>
          store.dataset(service, {
            ...run.work(),
            spine: isQuery(spine, run.path(spine)) ? { sql: spine } : run.path(spine),
            out: run.path(out),
            ...(time === undefined ? {} : { time }),
            ...(since === undefined ? {} : { since }),
            ...(input === undefined ? {} : { inputs: input }),
            ...(knowledge === undefined ? {} : { knowledge }),
          }),
        );
        return {
          json: withTimes(outcome, "knownAt"),
          text: (style) =>
            [
              facts(
                [
                  ["service", outcome.service],
                  ["file", outcome.path],
                  ["rows", count(outcome.rows)],
                  ["columns", `${outcome.columns.length}: ${brief(outcome.columns)}`],
                  ...(outcome.knownAt === undefined ? [] : [["known at", moment(outcome.knownAt)] as [string, string]]),
                  ["size", bytes(outcome.bytes)],
                  ["took", seconds(outcome.seconds)],
                ],
                style,
              ),
              ...warningLines(outcome.warnings, style),
            ].join("\n\n"),
        };
      }),
    );
};

function brief(names: readonly string[]): string {
  return names.length <= 8 ? names.join(", ") : `${names.slice(0, 7).join(", ")}, …, ${names.at(-1)}`;
}

/** A query starts as queries do; a file of that very name would be a file. */
function isQuery(spine: string, file: string): boolean {
  return /^\s*(\(|(select|with|from|values|table)\s)/i.test(spine) && !existsSync(file);
}

function addInput(text: string, inputs: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const match = /^([^=]+)=(.+)$/.exec(text);
  if (match === null)
    throw usage(`--input ${text}: write input=column, such as origin=from_airport`, { option: "--input" });
  if (Object.hasOwn(inputs, match[1])) throw usage(`--input ${match[1]} is given twice`, { option: "--input" });
  return { ...inputs, [match[1]]: match[2] };
}
