import type { DoctorOutcome, Finding } from "../../../core/result/doctor.ts";
import { AsofError } from "../../../core/errors.ts";
import { bytes, count, plural, seconds } from "../format.ts";
import type { Invocation } from "../invocation.ts";
import type { Style } from "../style.ts";
import { facts } from "../table.ts";
import { examples, type Verb } from "../verb.ts";

/** Samples of each service that are compared with history. */
const SAMPLES = 1;

export const doctorVerb: Verb = (program, action) => {
  program
    .command("doctor")
    .summary("check every part of the store against every other")
    .description(
      "Reads the log, the registry, every file of history, every entry of the online store and every model, compares " +
        "them with one another, and values of sampled keys with what history gives. Names what is wrong, and the " +
        "command that mends it. It changes nothing without --fix, and may run while asof serve does. Exit code 1 where " +
        "something is wrong.",
    )
    .option("--fix", "mend what can safely be mended; nobody else may be using the store")
    .addHelpText(
      "after",
      examples(
        ["asof doctor", "look, also while asof serve runs"],
        ["asof doctor --fix", "cut off a torn end, remove orphans, take damaged views out of the online store"],
      ),
    )
    .action(
      action(async (run, { fix = false }: { fix?: boolean }) => {
        const { configuration } = await run.configuration();
        const { doctor } = await import("../../../safekeeping/doctor.ts");
        const looked = await doctor(configuration, { ...run.work(), fix });
        const outcome = await withValues(run, looked);
        return {
          json: outcome,
          exitCode: outcome.findings.every(({ fixed }) => fixed) ? 0 : 1,
          text: (style) => outcomeText(outcome, style),
        };
      }),
    );
};

/** Values can only be compared where the parts can be read. */
async function withValues(run: Invocation, outcome: DoctorOutcome): Promise<DoctorOutcome> {
  if (outcome.findings.some(({ fixed }) => !fixed)) return outcome;
  const { configuration } = await run.configuration();
  const { verifyData } = await import("../../verify/verify-data.ts");
  try {
    const { compared, failure } = await verifyData({
      configuration,
      seed: 1,
      runs: SAMPLES,
      minutes: 1,
      folder: run.path("."),
      signal: run.io.signal,
      ...run.work(),
    });
    if (failure === null) return { ...outcome, compared };
    const { name, service, how } = failure.difference;
    const finding: Finding = {
      part: "values",
      code: "ASOF_CORRUPT",
      what: `${name} of ${service}, ${how}, is not what history gives; saved as ${failure.file}`,
      file: failure.file,
      remedy: "Move `online` out of the home, then run `asof materialize`: ids are found again in the offline store.",
      fixable: false,
      fixed: false,
    };
    return { ...outcome, compared, findings: [...outcome.findings, finding] };
  } catch (error) {
    // A store without records, or without what is defined now, has no values to compare.
    if (error instanceof AsofError && ["ASOF_USAGE", "ASOF_NOT_APPLIED"].includes(error.code)) return outcome;
    throw error;
  }
}

function outcomeText(outcome: DoctorOutcome, style: Style): string {
  const { home, writer, log, registry, offline, online, models, compared, findings, seconds: took } = outcome;
  const told = facts(
    [
      ["home", home],
      ["in use by", writer === null ? "nobody" : `process ${writer}`],
      ["log", `${plural(log.segments, "segment")}, ${bytes(log.bytes)}, ${count(log.start)} to ${count(log.end)}`],
      ["registry", registry.revision === null ? "-" : `revision ${registry.revision}`],
      ["offline store", `${plural(offline.files, "file")}, ${count(offline.rows)} rows, ${bytes(offline.bytes)}`],
      ["online store", `${count(online.entries)} entries, ${bytes(online.bytes)}`],
      ["models", `${plural(models.versions, "version")}, ${bytes(models.bytes)}`],
      ["values compared", compared === null ? "-" : count(compared)],
      ["took", seconds(took)],
    ],
    style,
  );
  if (findings.length === 0) return `${told}\n\n${style.green("Nothing is wrong.")}`;
  const lines = findings.map(({ part, what, file, remedy, fixed }) =>
    [
      `${fixed ? style.green("MENDED") : style.red("WRONG")}  ${part}: ${what}`,
      ...(file === null ? [] : [`  ${style.dim("file")}   ${file}`]),
      ...(fixed ? [] : [`  ${style.dim("to do")}  ${remedy}`]),
    ].join("\n"),
  );
  return [told, ...lines].join("\n\n");
}
