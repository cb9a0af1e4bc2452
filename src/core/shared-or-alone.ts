/** Work that can go on side by side, and work that must be alone: turns are taken in the order of the calls. */
export class SharedOrAlone {
  private readonly sharing = new Set<Promise<unknown>>();
  private last: Promise<unknown> = Promise.resolve();

  /** Begins once what was to be alone before is done. */
  async shared<T>(work: () => Promise<T>): Promise<T> {
    const running = this.last.then(work);
    const settled: Promise<unknown> = running.catch(() => {});
    this.sharing.add(settled);
    void settled.then(() => this.sharing.delete(settled));
    return running;
  }

  /** Resolves once all the shared work that goes on now, the caller's too, is done. */
  async present(): Promise<void> {
    await Promise.all(this.sharing);
  }

  /** Begins once all that was called before is done, and holds up all that is called after. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const running = Promise.all([...this.sharing, this.last]).then(work);
    this.last = running.catch(() => {});
    return running;
  }
}
