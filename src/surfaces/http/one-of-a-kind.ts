import { AsofError } from "../../core/errors.ts";

/** Work that takes as long as history is large, and memory with it. */
export type LongWork = "compute" | "materialize" | "train" | "verify";

/**
 * Has one work of each kind under way that was asked for over HTTP: what comes meanwhile is refused at once, rather than
 * held until the process is full of it. With workers all of it is done by the process that writes, which counts for all.
 */
export class OneOfAKind {
  private readonly running = new Set<LongWork>();

  /** @throws AsofError ASOF_BUSY, to be tried again; what the work fails with */
  async run<T>(kind: LongWork, work: () => Promise<T>): Promise<T> {
    if (this.running.has(kind))
      throw new AsofError("ASOF_BUSY", `the server has a request to ${kind} under way: one at a time`, { work: kind });
    this.running.add(kind);
    try {
      return await work();
    } finally {
      this.running.delete(kind);
    }
  }
}
