/**
 * Runs work one after another, in the order of the calls, like `OneByOne`, but at once and within the call where
 * nothing is under way: work that needs no waiting is done when `run` returns.
 */
export class Turns {
  private last: Promise<unknown> | null = null;

  run<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.last !== null) return this.follow(this.last.then(work));
    try {
      const result = work();
      return result instanceof Promise ? this.follow(result) : Promise.resolve(result);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private follow<T>(result: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = result
      .catch(() => {})
      .finally(() => {
        if (this.last === settled) this.last = null;
      });
    this.last = settled;
    return result;
  }
}
