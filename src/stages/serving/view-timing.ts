import type { ViewTimer } from "../../core/result/view-timer.ts";

/** Of so many requests for a service one is measured. A prime: what repeats itself is not always measured at the same place. */
export const MEASURED = 251;

/**
 * What each view takes of one request: to decode what the store holds of it, and to make its features. Not the read
 * itself, which all views share.
 */
export class ViewTiming {
  private readonly timer: ViewTimer;
  private readonly views: readonly string[];
  private readonly took: number[];
  /** By view, where its keys end in the read. */
  private readonly ends: number[] = [];

  constructor(timer: ViewTimer, views: readonly string[]) {
    this.timer = timer;
    this.views = views;
    this.took = views.map(() => 0);
  }

  /** The keys of the next view, which come after those of the last, end here. */
  asked(end: number): void {
    this.ends.push(end);
  }

  /** Measures work on the value of a key. */
  taking(key: number, work: () => void): void {
    this.measure(
      this.ends.findIndex((end) => key < end),
      work,
    );
  }

  measure<T>(view: number, work: () => T): T {
    const began = this.timer.now();
    const made = work();
    this.took[view] += this.timer.now() - began;
    return made;
  }

  tell(): void {
    for (const [i, view] of this.views.entries()) this.timer.observe(view, this.took[i]);
  }
}
