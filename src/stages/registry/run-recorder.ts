import { objectOf } from "../../core/codec/shape.ts";
import { parseStored } from "../../core/codec/stored-json.ts";
import { AsofError } from "../../core/errors.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import type { RunLine, RunReport } from "../../core/result/status.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RegistryStore, Run, RunKind } from "../../ports/registry-store.ts";
import { RunProgress } from "./run-progress.ts";

/** What a run has to show for itself. */
export interface RunResult {
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly details: object;
}

/** Records work as it begins and as it ends, whatever way it ends. */
export class RunRecorder {
  private readonly registry: RegistryStore | null;
  private readonly clock: Clock;
  private readonly underWay = new Map<number, RunProgress>();

  /** @param registry null where no work is to be on record */
  constructor(registry: RegistryStore | null, clock: Clock) {
    this.registry = registry;
    this.clock = clock;
  }

  /**
   * Runs work under the number of its run; `resultOf` tells what it came to. What it is given options with, `heard` hears
   * its progress through.
   */
  async record<T>(
    kind: RunKind,
    target: string,
    location: string,
    work: (id: number, heard: (options: WorkOptions) => WorkOptions) => Promise<T>,
    resultOf: (outcome: T) => RunResult,
  ): Promise<T> {
    const { registry } = this;
    if (registry === null) return work(0, (options) => options);
    const began = this.clock.elapsed();
    const id = await registry.startRun({ kind, target, startedAt: this.clock.now(), location });
    const progress = new RunProgress(() => this.clock.elapsed() - began);
    this.underWay.set(id, progress);
    const finish = (state: Run["state"], { rows, bytes, details }: RunResult): Promise<void> =>
      registry.finishRun(id, {
        endedAt: this.clock.now(),
        seconds: this.clock.elapsed() - began,
        state,
        rows,
        bytes,
        details: JSON.stringify(progress.log.length === 0 ? details : { ...details, log: progress.log }),
      });
    try {
      const outcome = await work(id, (options) => progress.heard(options));
      await finish("succeeded", resultOf(outcome));
      return outcome;
    } catch (error) {
      const coded = error instanceof AsofError;
      const details = {
        error: coded ? error.code : "ASOF_INTERNAL",
        message: error instanceof Error ? error.message : String(error),
      };
      await finish(coded && error.code === "ASOF_INTERRUPTED" ? "interrupted" : "failed", {
        rows: null,
        bytes: null,
        details,
      });
      throw error;
    } finally {
      this.underWay.delete(id);
    }
  }

  /** A run as it is reported. @throws ASOF_CORRUPT */
  reportOf(run: Run): RunReport {
    const { log = [], ...details } = detailsOf(run);
    const underWay = run.state === "running" ? this.underWay.get(run.id) : undefined;
    return {
      ...run,
      details,
      progress: underWay?.last ?? null,
      log: underWay?.log ?? (log as readonly RunLine[]),
    };
  }
}

/** What a run keeps beside the columns of the registry. @throws AsofError ASOF_CORRUPT */
export function detailsOf({ id, details }: Pick<Run, "id" | "details">): Readonly<Record<string, unknown>> {
  return details === "" ? {} : (parseStored(details, `what run ${id} found`, objectOf({})) as Record<string, unknown>);
}
