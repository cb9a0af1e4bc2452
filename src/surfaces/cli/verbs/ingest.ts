import { usage } from "../errors.ts";
import { bytes, count, moment, plural, seconds } from "../format.ts";
import { type FileFormat, formatOption } from "../format-option.ts";
import { withTimes } from "../with-times.ts";
import type { LoadOutcome } from "../../../core/result/outcomes.ts";
import { warningLines } from "../plan-text.ts";
import type { Report } from "../report.ts";
import { STDIN, withStandardInput } from "../standard-input.ts";
import { facts } from "../table.ts";
import { timeOption } from "../time-option.ts";
import { examples, type Verb } from "../verb.ts";

interface IngestOptions {
  readonly format?: FileFormat;
  readonly from?: number;
  readonly until?: number;
  readonly rejects?: boolean;
}

export const ingestVerb: Verb = (program, action) => {
  program
    .command("ingest")
    .summary("load files of history into the offline store")
    .description("Loads Parquet, CSV or NDJSON files as one load: all of it or nothing, unless bad rows are set aside.")
    .argument("<source>", "the event source")
    .argument("<files...>", "files, or - for CSV or NDJSON on standard input")
    .addOption(formatOption())
    .option("--from <time>", "only rows that were available at this time or later", timeOption)
    .option("--until <time>", "only rows that were available before this time", timeOption)
    .option("--rejects", "set bad rows aside in a file and load the others")
    .addHelpText(
      "after",
      examples(
        ["asof ingest flights flights.parquet", "one file"],
        ["asof ingest flights data/*.csv --rejects", "many, bad rows set aside"],
        ["asof ingest flights f.parquet --until 2001-06-24", "the history before a day"],
        ["zcat flights.csv.gz | asof ingest flights -", "standard input"],
      ),
    )
    .action(
      action(async (run, source: string, files: string[], { format, ...options }: IngestOptions) => {
        const paths = files.map((file) => (file === STDIN ? STDIN : run.path(file)));
        const load = (names: readonly string[], format: FileFormat | undefined): Promise<LoadOutcome> =>
          run.withStore((store) =>
            store.load(source, names, { ...options, ...run.work(), ...(format === undefined ? {} : { format }) }),
          );
        if (!paths.includes(STDIN)) return outcomeReport(await load(paths, format));
        if (paths.length > 1) throw usage("standard input (-) is loaded alone: one load has one format");
        // Before a long wait for input that nothing could be done with.
        await run.configuration();
        if (run.io.stdin.isTTY === true) run.note("reading CSV or NDJSON from the terminal; end it with Ctrl-D");
        return outcomeReport(await withStandardInput(run.io, format, (file, format) => load([file], format)));
      }),
    );
};

function outcomeReport(outcome: LoadOutcome): Report {
  return {
    json: withTimes(outcome, "minEvent", "maxEvent"),
    text: (style) =>
      [
        facts(
          [
            ["source", outcome.source],
            ["rows", count(outcome.rows)],
            ...(outcome.rejected > 0
              ? ([["rejected", `${plural(outcome.rejected, "row")}, in ${outcome.rejectsFile}`]] as const)
              : []),
            ["known before the load", `${plural(outcome.declaredEarlier, "row")}, as declared`],
            ["events from", moment(outcome.minEvent)],
            ["events until", moment(outcome.maxEvent)],
            ["stored", `${bytes(outcome.bytes)} in ${plural(outcome.files, "file")}`],
            ["took", seconds(outcome.seconds)],
          ],
          style,
        ),
        ...warningLines(outcome.warnings, style),
      ].join("\n\n"),
  };
}
