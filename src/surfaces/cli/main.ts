// The command `asof`: the process around run().
import { failureOf, failureText, stacksOf } from "./errors.ts";
import { exitCodeOf, interruption, type StopSignal } from "./exit-code.ts";
import { run } from "./run.ts";
import { styleFor } from "./style.ts";

const debug = (process.env["ASOF_DEBUG"] ?? "") !== "";
const controller = new AbortController();

// The first signal asks the work to stop, which leaves nothing half done; the second does not ask.
function stop(signal: StopSignal): void {
  if (controller.signal.aborted) process.exit(exitCodeOf(signal));
  process.stderr.write("\nstopping; once more to stop at once\n");
  controller.abort(interruption(signal));
}
process.on("SIGINT", stop);
process.on("SIGTERM", stop);

// A reader that has gone (`asof runs | head -1`) is no fault of ours, and no reason to leave work half done.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") process.exitCode = 1;
  });

// Node's own remarks on its experimental parts and on package.json are not about the user's command.
process.removeAllListeners("warning");
process.on("warning", (warning) => {
  if (debug) process.stderr.write(`${warning.stack ?? warning.message}\n`);
});

// What nobody awaited: a fault of ours.
process.on("uncaughtException", (error) => {
  process.stderr.write(`${failureText(failureOf(error), styleFor(process.stderr, process.env))}\n`);
  if (debug) process.stderr.write(`${stacksOf(error)}\n`);
  process.exit(1);
});

const code = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signal: controller.signal,
});

// Ends even where an engine left a thread behind, but not before what was printed has been written.
const written = (stream: NodeJS.WriteStream): Promise<void> =>
  stream.destroyed ? Promise.resolve() : new Promise((resolve) => stream.write("", () => resolve()));
await Promise.all([written(process.stdout), written(process.stderr)]);
process.exit(code === 0 ? (process.exitCode ?? 0) : code);
