import { idFields } from "../../../core/codec/retractions.ts";
import type { RetractOutcome } from "../../../core/result/outcomes.ts";
import { definitionOf } from "../../http/feature-types.ts";
import { usage } from "../errors.ts";
import { count, moment } from "../format.ts";
import { type FileFormat, formatOption } from "../format-option.ts";
import { filesOrInput } from "../files-or-input.ts";
import { parseRequest } from "../request.ts";
import type { Report } from "../report.ts";
import { facts } from "../table.ts";
import { examples, type Verb } from "../verb.ts";
import { withTimes } from "../with-times.ts";

export const retractVerb: Verb = (program, action) => {
  program
    .command("retract")
    .summary("withdraw records of a source by their ids")
    .description(
      "Withdraws records of a source that declares an `id`: from now on they do not count. A retraction that comes before " +
        "its record waits for it; a second one changes nothing.",
    )
    .argument("<source>", "the event source")
    .argument("<ids...>", "one id as field=value…, or files of ids, or - for CSV or NDJSON on standard input")
    .addOption(formatOption())
    .addHelpText(
      "after",
      examples(
        ["asof retract orders number=4711", "one record"],
        ["asof retract orders cancelled.csv", "those of a file"],
        ["jq -c '{number}' cancelled.json | asof retract orders -", "standard input"],
      ),
    )
    .action(
      action(async (run, source: string, ids: string[], { format }: { format?: FileFormat }) => {
        const named = ids.filter((given) => given.includes("="));
        if (named.length > 0 && named.length < ids.length)
          throw usage("give one id as field=value, or files: not both", { argument: named[0] });
        if (named.length === 0)
          return report(
            await filesOrInput(run, ids, format, (files, format) =>
              run.withStore((store) =>
                store.retractFiles(source, files, { ...run.work(), ...(format === undefined ? {} : { format }) }),
              ),
            ),
          );
        return report(
          await run.withStore((store) => {
            const { fields, id } = definitionOf(store, "source", source);
            return store.retract(source, [parseRequest(named, id === undefined ? fields : idFields(fields, id))]);
          }),
        );
      }),
    );
};

function report(outcome: RetractOutcome): Report {
  return {
    json: withTimes(outcome, "stamp"),
    text: (style) =>
      facts(
        [
          ["source", outcome.source],
          ["withdrawn", count(outcome.retracted)],
          ["wait for their record", count(outcome.waiting)],
          ["withdrawn before", count(outcome.duplicates)],
          ["from", moment(outcome.stamp)],
        ],
        style,
      ),
  };
}
