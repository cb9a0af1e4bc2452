import { CommanderError } from "commander";
import { failureOf, failureText, stacksOf } from "./errors.ts";
import { interruptedCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { writeJson } from "../http/json/write-json.ts";
import { makeProgram } from "./program.ts";
import { styleFor } from "./style.ts";

/**
 * Runs one command; resolves to its exit code: 0; 1 after an error, which is on stderr by then (on stdout with
 * `--json`); 130 or 143 when the user stopped it.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let code = 0;
  try {
    await makeProgram(io, (given) => (code = given)).parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    // Help and version, asked for and printed.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = failureOf(error);
    if (wantsJson(args)) io.stdout.write(`${writeJson({ error: failure })}\n`);
    else io.stderr.write(`${failureText(failure, styleFor(io.stderr, io.env))}\n`);
    if ((io.env["ASOF_DEBUG"] ?? "") !== "") io.stderr.write(`${stacksOf(error)}\n`);
    return (failure.code === "ASOF_INTERRUPTED" ? interruptedCode(io.signal) : null) ?? 1;
  }
}

/** Asked of the arguments as given: what cannot be parsed has no options yet. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).includes("--json");
}
