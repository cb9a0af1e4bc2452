import { usage } from "../errors.ts";
import { bytes, count, moment, plural, seconds } from "../format.ts";
import { type FileFormat, formatOption } from "../format-option.ts";
import { withTimes } from "../with-times.ts";
import type { CorrectOutcome, LoadOutcome } from "../../../core/result/outcomes.ts";
import { warningLines } from "../plan-text.ts";
import type { Report } from "../report.ts";
import { STDIN } from "../standard-input.ts";
import { filesOrInput } from "../files-or-input.ts";
import { loadTable, stated } from "../load-table.ts";
import { facts } from "../table.ts";
import { timeOption } from "../time-option.ts";
import { examples, type Verb } from "../verb.ts";

interface IngestFlags {
  readonly format?: FileFormat;
  readonly from?: number;
  readonly until?: number;
  readonly rejects?: boolean;
  readonly idempotencyKey?: string;
  readonly correct?: boolean;
  readonly again?: boolean;
  readonly postgres?: string | true;
  readonly table?: string;
  readonly position?: string;
  readonly margin?: string;
}

export const ingestVerb: Verb = (program, action) => {
  program
    .command("ingest")
    .summary("load files of history into the offline store")
    .description(
      "Loads Parquet, CSV or NDJSON files, or what is new in a table of PostgreSQL, as one load: all of it or nothing, " +
        "unless bad rows are set aside. Run again, it leaves out what was loaded before.",
    )
    .argument("<source>", "the event source")
    .argument("[files...]", "files, patterns in quotes, or - for CSV or NDJSON on standard input")
    .addOption(formatOption())
    .option("--from <time>", "only rows that were available at this time or later", timeOption)
    .option("--until <time>", "only rows that were available before this time", timeOption)
    .option("--rejects", "set bad rows aside in a file and load the others")
    .option("--idempotency-key <key>", "names this load: a second one with it, of the same rows, changes nothing")
    .option("--again", "load files also where they were loaded before: each of their rows counts once more")
    .option(
      "--postgres [url]",
      "load a table of this database (postgres://user@host:5432/database; PGHOST, PGPASSWORD and so on without a url)",
    )
    .option("--table <name>", "the table, as SQL names it")
    .option("--position <column>", "a column that only grows from row to row: how far the table was read")
    .option("--margin <margin>", "stay so far behind the newest row: a number, or for timestamps a duration (5m)")
    .option("--correct", "the rows replace records of the same ids, of a source that declares an `id`")
    .addHelpText(
      "after",
      examples(
        ["asof ingest flights flights.parquet", "one file"],
        ["asof ingest flights data/*.csv --rejects", "many, bad rows set aside"],
        ["asof ingest flights 'data/**/*.parquet'", "those that are new, however many there are"],
        ["asof ingest orders --postgres --table shop.orders --position id", "what is new in a table"],
        ["asof ingest flights f.parquet --until 2001-06-24", "the history before a day"],
        ["zcat flights.csv.gz | asof ingest flights -", "standard input"],
        ["asof ingest orders day.csv --idempotency-key 2026-03-01", "once, however often it is run"],
        ["asof ingest orders amended.ndjson --correct", "in the place of what is known"],
      ),
    )
    .action(
      action(async (run, source: string, files: string[], { format, correct, ...options }: IngestFlags) => {
        const { again, postgres, table, position, margin, ...others } = options;
        const inTable = { table, position, margin };
        if (postgres !== undefined) {
          const { rejects, ...more } = others;
          const refused = { format, correct, again, ...more };
          return outcomeReport(await loadTable(run, source, { postgres, ...inTable, rejects, files, refused }));
        }
        const [lost] = stated(inTable);
        if (lost !== undefined) throw usage(`--${lost} goes with --postgres`);
        if (files.length === 0) throw usage("name the files to load, - for standard input, or a table with --postgres");
        const inFormat = (format: FileFormat | undefined): { format?: FileFormat } =>
          format === undefined ? {} : { format };
        // Standard input is kept in a file that is another one each time.
        const onlyNew = files.includes(STDIN) ? {} : { onlyNew: again !== true };
        if (correct !== true)
          return outcomeReport(
            await filesOrInput(run, files, format, (names, format) =>
              run.withStore((store) =>
                store.load(source, names, { ...others, ...run.work(), ...inFormat(format), ...onlyNew }),
              ),
            ),
          );
        const [other] = stated({ ...others, again });
        if (other !== undefined) throw usage(`--correct goes with no option but --format: not with ${other}`);
        return correctionReport(
          await filesOrInput(run, files, format, (names, format) =>
            run.withStore((store) => store.correctFiles(source, names, { ...run.work(), ...inFormat(format) })),
          ),
        );
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
            ...(outcome.duplicates > 0 ? ([["known already", plural(outcome.duplicates, "row")]] as const) : []),
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

function correctionReport(outcome: CorrectOutcome): Report {
  return {
    json: withTimes(outcome, "stamp"),
    text: (style) =>
      facts(
        [
          ["source", outcome.source],
          ["corrections", count(outcome.accepted)],
          ["in the place of another", count(outcome.replaced)],
          ["wait for the original", count(outcome.waiting)],
          ["known already", count(outcome.duplicates)],
          ["from", moment(outcome.stamp)],
        ],
        style,
      ),
  };
}
