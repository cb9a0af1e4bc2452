import { usage } from "./errors.ts";
import { expandFiles } from "./expand-files.ts";
import type { FileFormat } from "./format-option.ts";
import type { Invocation } from "./invocation.ts";
import { STDIN, withStandardInput } from "./standard-input.ts";

/** Does work on the files that the user named, or on standard input for `-`, which is kept in a file meanwhile. */
export async function filesOrInput<T>(
  run: Invocation,
  files: readonly string[],
  format: FileFormat | undefined,
  work: (files: readonly string[], format: FileFormat | undefined) => Promise<T>,
): Promise<T> {
  if (!files.includes(STDIN)) return work(await expandFiles(run, files), format);
  if (files.length > 1) throw usage("standard input (-) is loaded alone: one load has one format");
  // Before a long wait for input that nothing could be done with.
  await run.configuration();
  if (run.io.stdin.isTTY === true) run.note("reading CSV or NDJSON from the terminal; end it with Ctrl-D");
  return withStandardInput(run.io, format, (file, format) => work([file], format));
}
