import { Command } from "commander";
import { usage } from "./errors.ts";
import { type GlobalOptions, Invocation } from "./invocation.ts";
import type { Io } from "./io.ts";
import type { Report } from "./report.ts";
import { styleFor } from "./style.ts";
import type { Action, Verb } from "./verb.ts";
import { version } from "./version.ts";
import { auditLogVerb } from "./verbs/audit-log.ts";
import { applyVerb } from "./verbs/apply.ts";
import { backupVerb } from "./verbs/backup.ts";
import { computeVerb } from "./verbs/compute.ts";
import { datasetVerb } from "./verbs/dataset.ts";
import { doctorVerb } from "./verbs/doctor.ts";
import { explainVerb } from "./verbs/explain.ts";
import { forgetVerb } from "./verbs/forget.ts";
import { getVerb } from "./verbs/get.ts";
import { importVerb } from "./verbs/import.ts";
import { ingestVerb } from "./verbs/ingest.ts";
import { initVerb } from "./verbs/init.ts";
import { keysVerb } from "./verbs/keys.ts";
import { materializeVerb } from "./verbs/materialize.ts";
import { modelsVerb } from "./verbs/models.ts";
import { planVerb } from "./verbs/plan.ts";
import { predictVerb } from "./verbs/predict.ts";
import { promoteVerb } from "./verbs/promote.ts";
import { replayVerb } from "./verbs/replay.ts";
import { restoreVerb } from "./verbs/restore.ts";
import { retractVerb } from "./verbs/retract.ts";
import { runsVerb } from "./verbs/runs.ts";
import { scheduleVerb } from "./verbs/schedule.ts";
import { serveVerb } from "./verbs/serve.ts";
import { statusVerb } from "./verbs/status.ts";
import { trainVerb } from "./verbs/train.ts";
import { verifyVerb } from "./verbs/verify.ts";

/** In the order of the flow, as help lists them. */
const groups: readonly (readonly [title: string, verbs: readonly Verb[]])[] = [
  ["Definitions:", [initVerb, importVerb, planVerb, applyVerb]],
  ["Offline store:", [ingestVerb, retractVerb, computeVerb, datasetVerb]],
  ["Models:", [trainVerb, modelsVerb, promoteVerb]],
  ["Online store:", [materializeVerb, serveVerb, getVerb, explainVerb, predictVerb, replayVerb]],
  ["What there is:", [statusVerb, runsVerb, scheduleVerb, verifyVerb, forgetVerb]],
  ["Access:", [keysVerb, auditLogVerb]],
  ["Safekeeping:", [doctorVerb, backupVerb, restoreVerb]],
];

/** The command line. `exit` hears the exit code of a verb that ends well with another one than 0. */
export function makeProgram(io: Io, exit: (code: number) => void): Command {
  const program = new Command("asof");
  const [out, err] = [styleFor(io.stdout, io.env), styleFor(io.stderr, io.env)];
  program
    .description("The feature store for TypeScript.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .option("--json", "print one JSON document on stdout and nothing else")
    .option("--config <file>", "the configuration (default: asof.config.ts here or in a folder above)")
    .option("--home <dir>", "the folder of the store's data, in place of the configuration's")
    .option("-q, --quiet", "no progress, no notes: results and errors only")
    .configureHelp({ showGlobalOptions: true, styleTitle: out.bold })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHasColors: () => out.bold("x") !== "x",
      getErrHasColors: () => err.bold("x") !== "x",
      // Thrown, and shown as every other error.
      outputError: () => {},
    })
    .helpCommand("help [verb]", "print the help of a verb")
    .addHelpText(
      "after",
      "\n`asof <verb> --help` shows the verb's options and examples. With ASOF_DEBUG set, faults show their stacks.",
    );

  const action: Action =
    <A extends unknown[]>(work: (run: Invocation, ...parsed: A) => Promise<Report | void>) =>
    async (...given: [...A, Command]) => {
      const command = given.at(-1) as Command;
      const target = typeof given[0] === "string" ? given[0] : null;
      const run = new Invocation(io, command.optsWithGlobals<GlobalOptions>(), { verb: command.name(), target });
      try {
        const report = await work(run, ...(given.slice(0, -1) as unknown as A));
        if (report === undefined) return;
        run.print(report);
        exit(report.exitCode ?? 0);
      } finally {
        run.closeBar();
      }
    };
  for (const [title, verbs] of groups) {
    program.commandsGroup(title);
    for (const verb of verbs) verb(program, action);
  }
  refuseThroughErrors(program);
  return program;
}

/** Makes commander throw coded errors where it would end the process, with the help of the verb to look at. */
function refuseThroughErrors(program: Command): void {
  for (const { command, path } of commandsOf(program, "asof"))
    command.exitOverride((error) => {
      if (error.exitCode === 0) throw error;
      const why = error.code === "commander.help" ? "name a verb" : error.message.replace(/^error: /, "");
      throw usage(why, { help: `${path} --help` });
    });
}

/** A command and those below it, each with what is typed to reach it. */
function commandsOf(command: Command, path: string): { readonly command: Command; readonly path: string }[] {
  return [{ command, path }, ...command.commands.flatMap((one) => commandsOf(one, `${path} ${one.name()}`))];
}
