import { availableParallelism } from "node:os";
import { InvalidArgumentError } from "commander";
import { formatTimestamp } from "../../../core/time/timestamp.ts";
import type { Difference } from "../../verify/steps.ts";
import type { VerifyDataOutcome } from "../../verify/verify-data.ts";
import type { Failure, VerifyOutcome } from "../../verify/verify.ts";
import { writeJson } from "../../http/json/write-json.ts";
import { count, seconds } from "../format.ts";
import type { Style } from "../style.ts";
import { facts } from "../table.ts";
import { examples, type Verb } from "../verb.ts";

interface VerifyFlags {
  readonly seed?: number;
  readonly runs?: number;
  readonly minutes: number;
  readonly case?: string;
  readonly data?: boolean;
  readonly jobs: number;
  readonly shrink: number;
}

export const verifyVerb: Verb = (program, action) => {
  program
    .command("verify")
    .summary("prove that live, past and training answers are the same for these definitions")
    .description(
      "Makes up logs of records for the definitions from a seed, brings them into stores of its own in every way there " +
        "is, and compares what is served, read as of the past and written into training sets with a naive oracle, bit " +
        "for bit. Your own store is not touched; with --data it is what is verified. Exit code 1 where anything differs.",
    )
    .option("--data", "sample the project's own stores instead; they are only read")
    .option("--seed <number>", "where logs or samples come from (default: another one each time)", whole)
    .option("--runs <number>", "how many stores to try, or samples to take, at the most", whole)
    .option("--minutes <number>", "for how long at the most", minutesOption, 1)
    .option("--jobs <number>", "how many processes to use (default: one a core)", positive, availableParallelism())
    .option("--case <file>", "run this saved case again, and nothing else")
    .option("--shrink <seconds>", "for how long a failing case is made smaller", whole, 12)
    .addHelpText(
      "after",
      examples(
        ["asof verify", "for a minute"],
        ["asof verify --minutes 10 --seed 7", "for longer, the same every time"],
        ["asof verify --case verify-7-12.json", "a case that failed"],
        ["asof verify --data", "the project's own data, also while asof serve runs"],
      ),
    )
    .action(
      action(async (run, { seed, runs, minutes, jobs, case: file, data, shrink }: VerifyFlags) => {
        const { configuration, file: configured } = await run.configuration();
        if (data === true) {
          const { verifyData } = await import("../../verify/verify-data.ts");
          const sampled = await verifyData({
            configuration,
            seed: seed ?? Math.floor(Math.random() * 1e9),
            runs: runs ?? Infinity,
            minutes,
            folder: run.path("."),
            signal: run.io.signal,
            ...run.work(),
          });
          return {
            json: sampled,
            exitCode: sampled.failure === null ? 0 : 1,
            text: (style) => dataText(sampled, style),
          };
        }
        const { verify, verifyCase } = await import("../../verify/verify.ts");
        const { definitionsOf } = await import("../../verify/subject.ts");
        const options = {
          definitions: definitionsOf(configuration),
          configuration: configured,
          jobs,
          seed: seed ?? Math.floor(Math.random() * 1e9),
          runs: runs ?? Infinity,
          minutes,
          folder: run.path("."),
          shrink: { attempts: 60, seconds: shrink },
          signal: run.io.signal,
          ...run.work(),
        };
        const outcome = file === undefined ? await verify(options) : await verifyCase(options, run.path(file));
        return {
          json: outcome,
          exitCode: outcome.failure === null ? 0 : 1,
          text: (style) => outcomeText(outcome, style),
        };
      }),
    );
};

function outcomeText(outcome: VerifyOutcome, style: Style): string {
  const told = facts(
    [
      ["seed", String(outcome.seed)],
      ["stores", count(outcome.runs)],
      ["records", count(outcome.records)],
      ["compared", count(outcome.compared)],
      ["different", outcome.failure === null ? "0" : style.red(count(outcome.different))],
      ["took", seconds(outcome.seconds)],
    ],
    style,
  );
  return outcome.failure === null ? told : `${told}\n\n${failureText(outcome.failure, style)}`;
}

function dataText(outcome: VerifyDataOutcome, style: Style): string {
  const { seed, runs, records, compared, different, seconds: took, notServed, failure } = outcome;
  const told = facts(
    [
      ["seed", String(seed)],
      ["samples", count(runs)],
      ["records", count(records)],
      ["compared", count(compared)],
      ["different", failure === null ? "0" : style.red(count(different))],
      ...(notServed.length === 0 ? [] : [["not served", notServed.join(", ")] as const]),
      ["took", seconds(took)],
    ],
    style,
  );
  if (failure === null) return told;
  return [
    told,
    "",
    differenceText(failure.difference, failure.records, style),
    "",
    `Saved with the records of its keys: ${failure.file}`,
  ].join("\n");
}

function differenceText(difference: Difference, records: number, style: Style): string {
  const { how, service, request, t, name, expected, found } = difference;
  return [
    `${style.red("DIFFERENT:")} ${name}, ${how}`,
    facts(
      [
        ["service", service],
        ["request", writeJson(request)],
        ["t", formatTimestamp(t)],
        ["expected", writeJson(expected)],
        ["found", writeJson(found)],
        ["records", count(records)],
      ],
      style,
    ),
  ].join("\n");
}

const SHOWN = 20;

function failureText({ difference, course, records, file }: Failure, style: Style): string {
  const lines = course.steps.flatMap((step): string[] => {
    switch (step.do) {
      case "ingest":
        return step.rows.map((row) => `ingest ${step.source} ${writeJson(row)}`);
      case "correct":
        return step.rows.map((row) => `correct ${step.source} ${writeJson(row)}`);
      case "retract":
        return step.ids.map((id) => `retract ${step.source} ${writeJson(id)}`);
      case "load":
        return step.files.flat().map((row) => `load ${step.source} ${writeJson(row)}`);
      case "advance":
        return [`the clock goes to ${formatTimestamp(step.to)}`];
      case "compute":
        return [`compute ${step.view}`];
      case "ask":
        return [`ask ${step.ask.service}, ${step.ask.how}: ${writeJson(step.ask.requests[0])}`];
      default:
        return [step.do];
    }
  });
  const steps = lines.length <= SHOWN ? lines : [...lines.slice(0, SHOWN), `… and ${count(lines.length - SHOWN)} more`];
  return [
    differenceText(difference, records, style),
    "",
    `What happened, from ${formatTimestamp(course.start)} on:`,
    ...steps.map((line) => `  ${line}`),
    "",
    `Saved. Run it again with: asof verify --case ${file}`,
  ].join("\n");
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("It must be a whole number from 0.");
  return value;
}

function positive(text: string): number {
  const value = whole(text);
  if (value === 0) throw new InvalidArgumentError("It must be at least 1.");
  return value;
}

function minutesOption(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}
