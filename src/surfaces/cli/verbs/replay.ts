import { count, moment, seconds } from "../format.ts";
import { type FileFormat, formatOption } from "../format-option.ts";
import { withTimes } from "../with-times.ts";
import { facts } from "../table.ts";
import { timeOption } from "../time-option.ts";
import { examples, type Verb } from "../verb.ts";

interface ReplayFlags {
  readonly from: number;
  readonly until: number;
  readonly format?: FileFormat;
}

export const replayVerb: Verb = (program, action) => {
  program
    .command("replay")
    .summary("feed history through the real ingest path")
    .description(
      "Sends the records that became available in a span of time through the log and into the online store, in that order, " +
        "on a simulated clock: the configuration must say `clock: { simulated: … }`.",
    )
    .argument("<source>", "the event source")
    .argument("<files...>", "Parquet, CSV or NDJSON files")
    .requiredOption("--from <time>", "the first moment to replay", timeOption)
    .requiredOption("--until <time>", "the moment to stop before", timeOption)
    .addOption(formatOption())
    .addHelpText(
      "after",
      examples(["asof replay flights flights.parquet --from 2001-06-24 --until 2001-07-01", "a week"]),
    )
    .action(
      action(async (run, source: string, files: string[], { from, until, format }: ReplayFlags) => {
        const outcome = await run.withStore((store) =>
          store.replay(source, {
            ...run.work(),
            from,
            until,
            files: files.map((file) => run.path(file)),
            ...(format === undefined ? {} : { format }),
          }),
        );
        return {
          json: withTimes(outcome, "from", "until"),
          text: (style) =>
            facts(
              [
                ["source", outcome.source],
                ["records", count(outcome.records)],
                ["from", moment(outcome.from)],
                ["until", moment(outcome.until)],
                ["took", `${seconds(outcome.seconds)} (${rate(outcome.records, outcome.seconds)})`],
              ],
              style,
            ),
        };
      }),
    );
};

function rate(records: number, took: number): string {
  return `${count(Math.round(records / Math.max(took, 1e-3)))} records/s`;
}
