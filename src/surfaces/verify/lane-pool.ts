import type { ChildProcess } from "node:child_process";
import type { FailedCourse, LaneReport } from "./lane.ts";
import { startWorker } from "./start-worker.ts";
import type { FromLane, ToWorker } from "./worker-message.ts";

export interface PoolOptions {
  readonly configuration: string;
  readonly jobs: number;
  readonly seed: number;
  readonly runs: number;
  readonly minutes: number;
  readonly signal: AbortSignal;
}

/**
 * Carries courses out in several processes, each of them every so-many-th. What a run does depends on its number
 * only, and of several that fail the first counts: so it does not matter how many processes there are.
 */
export async function runLanes(options: PoolOptions, onReport: (report: LaneReport) => void): Promise<LaneReport> {
  const { jobs, signal } = options;
  const reports: LaneReport[] = [];
  const children: ChildProcess[] = [];
  const stop = (): void => {
    // They tidy up and end when nobody listens any more.
    for (const child of children) if (child.connected) child.disconnect();
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    const ended: Promise<void>[] = [];
    for (let lane = 0; lane < jobs; lane++) {
      const child = startWorker();
      children.push(child);
      ended.push(
        follow(child, options, lane, (report) => {
          reports[lane] = report;
          onReport(total(reports));
          if (report.failed === null) return;
          for (const other of children) if (other.connected) send(other, { kind: "limit", run: report.failed.run });
        }),
      );
    }
    await Promise.all(ended);
    signal.throwIfAborted();
    return total(reports);
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

function send(child: ChildProcess, message: ToWorker): void {
  child.send(message);
}

/** Resolves when a lane has ended. */
function follow(
  child: ChildProcess,
  { configuration, jobs, seed, runs, minutes, signal }: PoolOptions,
  lane: number,
  onReport: (report: LaneReport) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isDone = false;
    child.on("message", (message: FromLane) => {
      if (message.kind === "failed") return reject(new Error(`a process of asof verify failed: ${message.error}`));
      onReport(message.report);
      isDone ||= message.kind === "done";
    });
    child.once("error", reject);
    child.once("exit", (code, by) => {
      if (isDone || signal.aborted) resolve();
      else reject(new Error(`a process of asof verify ended early, with ${by ?? `code ${code}`}`));
    });
    send(child, { kind: "lane", configuration, lane: { seed, runs, first: lane, step: jobs }, minutes });
  });
}

function total(reports: readonly (LaneReport | undefined)[]): LaneReport {
  const present = reports.filter((report) => report !== undefined);
  const sum = (of: (report: LaneReport) => number): number => present.reduce((all, report) => all + of(report), 0);
  const failures = present.map(({ failed }) => failed).filter((failed): failed is FailedCourse => failed !== null);
  return {
    runs: sum(({ runs }) => runs),
    records: sum(({ records }) => records),
    compared: sum(({ compared }) => compared),
    different: sum(({ different }) => different),
    failed: failures.length === 0 ? null : failures.reduce((a, b) => (b.run < a.run ? b : a)),
  };
}
