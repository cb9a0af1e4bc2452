import { existsSync } from "node:fs";
import { usage } from "../errors.ts";
import { bytes, count, seconds } from "../format.ts";
import { facts } from "../table.ts";
import { examples, type Verb } from "../verb.ts";

interface DatasetFlags {
  readonly spine: string;
  readonly out: string;
  readonly time?: string;
  readonly input?: Readonly<Record<string, string>>;
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
    .addHelpText(
      "after",
      examples(
        ["asof dataset late_flight --spine flights.parquet --time date --out train.parquet", ""],
        ["asof dataset late_flight --spine keys.csv --input origin=from_airport --out x.parquet", ""],
        ['asof dataset late_flight --spine "select scheduled as t, * from flights" --out x.parquet', ""],
      ),
    )
    .action(
      action(async (run, service: string, { spine, out, time, input }: DatasetFlags) => {
        const outcome = await run.withStore((store) =>
          store.dataset(service, {
            ...run.work(),
            spine: isQuery(spine, run.path(spine)) ? { sql: spine } : run.path(spine),
            out: run.path(out),
            ...(time === undefined ? {} : { time }),
            ...(input === undefined ? {} : { inputs: input }),
          }),
        );
        return {
          json: outcome,
          text: (style) =>
            facts(
              [
                ["service", outcome.service],
                ["file", outcome.path],
                ["rows", count(outcome.rows)],
                ["columns", `${outcome.columns.length}: ${brief(outcome.columns)}`],
                ["size", bytes(outcome.bytes)],
                ["took", seconds(outcome.seconds)],
              ],
              style,
            ),
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
