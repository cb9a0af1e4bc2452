import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { StatusReport } from "../../core/result/status.ts";
import { writeJson } from "../http/json/write-json.ts";
import type { Invocation } from "./invocation.ts";
import type { Style } from "./style.ts";

/** Moves to the top of a terminal and wipes what is below. */
const WIPE = "\u001b[H\u001b[J";

interface Forms {
  readonly json: (status: StatusReport) => unknown;
  readonly text: (status: StatusReport, style: Style) => string;
}

/**
 * Shows the status again and again, every so many seconds until the user stops it, beside whoever writes to the store:
 * it only reads. On a terminal each takes the place of the last; with `--json` each is a line.
 */
export async function watchStatus(run: Invocation, every: number, { json, text }: Forms): Promise<void> {
  const { stdout, signal } = run.io;
  const { configuration } = await run.configuration();
  signal.throwIfAborted();
  const { open } = await import("../../open.ts");
  const temporaryFolder = await mkdtemp(path.join(tmpdir(), "asof-watch-"));
  const store = await open(configuration, { readOnly: { temporaryFolder } });
  try {
    let last: { readonly end: number; readonly at: number } | null = null;
    while (!signal.aborted) {
      const status = await store.status();
      const at = performance.now();
      const rate = last === null ? null : ((status.log.end - last.end) * 1000) / (at - last.at);
      last = { end: status.log.end, at };
      if (run.options.json === true) stdout.write(`${writeJson(json(status))}\n`);
      else {
        const come = rate === null ? "" : `\n${rate.toFixed(rate < 10 ? 1 : 0)} records/s into the log`;
        const foot = run.style.dim(`${come}\nEvery ${every} s; Ctrl-C stops.`);
        stdout.write(`${stdout.isTTY === true ? WIPE : ""}${text(status, run.style)}\n${foot}\n`);
      }
      await wait(every * 1000, undefined, { signal }).catch(() => {});
    }
  } finally {
    await store.close();
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}
