import { loadConfiguration } from "../../configuration.ts";
import { runLane } from "./lane.ts";
import { hostStore } from "./store-host.ts";
import { definitionsOf, keepingAll, subjectOf } from "./subject.ts";
import { withBench } from "./verify.ts";
import type { ToWorker } from "./worker-message.ts";

// A process of its own that carries out courses, or holds one store that may be killed.

const stop = new AbortController();
const say = (message: object): void => {
  if (process.connected) process.send!(message);
};

// What the user stops is the process that started this, which then lets go of it.
process.on("SIGINT", () => {});
// Whoever started this is gone: nobody wants to know any more.
process.on("disconnect", () => stop.abort(new Error("the process that verifies has ended")));

/** The lowest run that has failed in any lane: later ones are of no interest. */
let limit = Infinity;

process.once("message", (message: ToWorker) => {
  process.on("message", (next: ToWorker) => {
    if (next.kind === "limit") limit = Math.min(limit, next.run);
  });
  void begin(message).catch((error: unknown) => {
    say({ kind: "failed", error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    process.exitCode = 1;
    process.disconnect?.();
  });
});

async function begin(message: ToWorker): Promise<void> {
  if (message.kind === "limit") return;
  const definitions = definitionsOf((await loadConfiguration(message.configuration)).configuration);
  if (message.kind === "store") return hostStore(subjectOf(keepingAll(definitions)), message);
  const { configuration, lane, minutes } = message;
  const until = performance.now() + minutes * 60_000;
  const report = await withBench({ definitions, configuration, signal: stop.signal }, until, (bench) =>
    runLane(
      bench,
      lane,
      (run) => run < limit,
      (so) => say({ kind: "report", report: so }),
    ),
  );
  say({ kind: "done", report });
  process.disconnect?.();
}
