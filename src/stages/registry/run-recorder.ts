import { objectOf } from "../../core/codec/shape.ts";
import { parseStored } from "../../core/codec/stored-json.ts";
import { AsofError } from "../../core/errors.ts";
import type { RunReport } from "../../core/result/status.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RegistryStore, Run, RunKind } from "../../ports/registry-store.ts";

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

  /** @param registry null where no work is to be on record */
  constructor(registry: RegistryStore | null, clock: Clock) {
    this.registry = registry;
    this.clock = clock;
  }

  /** Runs work under the number of its run; `resultOf` tells what it came to. */
  async record<T>(
    kind: RunKind,
    target: string,
    location: string,
    work: (id: number) => Promise<T>,
    resultOf: (outcome: T) => RunResult,
  ): Promise<T> {
    const { registry } = this;
    if (registry === null) return work(0);
    const began = this.clock.elapsed();
    const id = await registry.startRun({ kind, target, startedAt: this.clock.now(), location });
    const finish = (state: Run["state"], { rows, bytes, details }: RunResult): Promise<void> =>
      registry.finishRun(id, {
        endedAt: this.clock.now(),
        seconds: this.clock.elapsed() - began,
        state,
        rows,
        bytes,
        details: JSON.stringify(details),
      });
    try {
      const outcome = await work(id);
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
    }
  }
}

/** What a run keeps beside the columns of the registry. @throws AsofError ASOF_CORRUPT */
export function detailsOf({ id, details }: Pick<Run, "id" | "details">): Readonly<Record<string, unknown>> {
  return details === "" ? {} : (parseStored(details, `what run ${id} found`, objectOf({})) as Record<string, unknown>);
}

/** A run as it is reported. */
export function reportOf(run: Run): RunReport {
  return { ...run, details: detailsOf(run) };
}
