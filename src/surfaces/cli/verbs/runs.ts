import { InvalidArgumentError } from "commander";
import { runJson, runTable } from "../run-table.ts";
import { examples, type Verb } from "../verb.ts";

export const runsVerb: Verb = (program, action) => {
  program
    .command("runs")
    .summary("list what ran")
    .description("The runs on record, newest first: what they worked on, how they ended, their rows, bytes and time.")
    .option("--kind <kind>", "only runs of this kind, such as load, compute, train, materialize")
    .option("--limit <n>", "at most so many", limitOption, 20)
    .addHelpText("after", examples(["asof runs", "the last 20"], ["asof runs --kind load --limit 5", "the last loads"]))
    .action(
      action(async (run, options: { kind?: string; limit: number }) => {
        const runs = await run.withStore((store) => store.runs(options));
        return {
          json: runs.map(runJson),
          text: (style) => (runs.length === 0 ? "Nothing ran yet." : runTable(runs, style)),
        };
      }),
    );
};

function limitOption(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1.");
  return Number(text);
}
