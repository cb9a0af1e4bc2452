/** After failures the next attempt comes later and later, up to so many times the usual interval. */
const LATEST = 32;
/** What timers can wait, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/**
 * Work that is done over and over while a process lives, with a rest between. It keeps no process alive, ends at once
 * when told to, and backs off while it fails.
 */
export class BackgroundWork {
  /** Attempts that failed since the last that did not. */
  failures = 0;
  failure: Error | null = null;
  private readonly work: (signal: AbortSignal) => Promise<void>;
  private readonly interval: number;
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();

  /** @param interval in milliseconds, from the end of one attempt to the start of the next */
  constructor(work: (signal: AbortSignal) => Promise<void>, interval: number) {
    this.work = work;
    this.interval = interval;
  }

  start(): void {
    if (this.stopping.signal.aborted) return;
    const delay = Math.min(this.interval * Math.min(2 ** this.failures, LATEST), LONGEST);
    this.timer = setTimeout(() => void (this.running = this.attempt()), delay);
    this.timer.unref();
  }

  /** Resolves once nothing runs any more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    if (this.timer !== null) clearTimeout(this.timer);
    await this.running;
  }

  private async attempt(): Promise<void> {
    try {
      await this.work(this.stopping.signal);
      this.failures = 0;
      this.failure = null;
    } catch (error) {
      if (!this.stopping.signal.aborted) {
        this.failures++;
        this.failure = error as Error;
      }
    }
    this.start();
  }
}

/** Resolves after so many seconds, and rejects where the signal is aborted before. */
export function rest(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const wake = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", wake);
      resolve();
    }, seconds * 1000);
    timer.unref();
    signal.addEventListener("abort", wake, { once: true });
  });
}
