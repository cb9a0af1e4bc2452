import { setTimeout as wait } from "node:timers/promises";

/** The least time between two snapshots, in milliseconds. */
const EVERY = 1000;
/** So many times what a snapshot costs is rested after it: watching takes a tenth of a core at the most. */
const REST = 10;

/** Snapshots that all who watch share, made only while someone does. */
export class SharedSnapshots {
  private readonly take: () => Promise<string>;
  private last: string | null = null;
  private due = 0;
  private coming: Promise<string> | null = null;

  constructor(take: () => Promise<string>) {
    this.take = take;
  }

  /** The last one at once while it is fresh, then each one that comes, until the signal. */
  async *follow(signal: AbortSignal): AsyncGenerator<string> {
    if (this.last !== null && performance.now() < this.due) yield this.last;
    while (!signal.aborted) {
      const aborted = new Promise<null>((resolve) => signal.addEventListener("abort", () => resolve(null)));
      const text = await Promise.race([this.next(), aborted]);
      if (text === null) return;
      yield text;
    }
  }

  /** The one that all wait for. */
  private next(): Promise<string> {
    return (this.coming ??= this.make().finally(() => {
      this.coming = null;
    }));
  }

  private async make(): Promise<string> {
    await wait(Math.max(0, this.due - performance.now()), undefined, { ref: false });
    const began = performance.now();
    const before = process.cpuUsage();
    this.last = await this.take();
    const ended = performance.now();
    const { user, system } = process.cpuUsage(before);
    // It costs no more than the whole process did meanwhile: where others have the processor, it only waits.
    const cost = Math.min(ended - began, (user + system) / 1000);
    this.due = ended + Math.max(EVERY, REST * cost);
    return this.last;
  }
}
