import { DurationHistogram, PART_BOUNDS } from "../../core/metrics/duration-histogram.ts";
import type { ViewTime } from "../../core/result/monitoring.ts";
import type { ViewTimer } from "../../core/result/view-timer.ts";

/** How long views took of requests that were measured, since this process began or told it last. */
export class ViewTimes implements ViewTimer {
  readonly now: () => number;
  private readonly views = new Map<string, DurationHistogram>();

  /** @param now seconds since some moment */
  constructor(now: () => number) {
    this.now = now;
  }

  observe(view: string, seconds: number): void {
    this.of(view).observe(seconds);
  }

  /** Takes up what another process has measured. */
  add(times: readonly ViewTime[]): void {
    for (const { view, ...observed } of times) this.of(view).add(observed);
  }

  all(): readonly ViewTime[] {
    return [...this.views].map(([view, { buckets, sum }]) => ({ view, buckets: [...buckets], sum }));
  }

  /** As `all`, and begins anew: another process sums up. */
  take(): readonly ViewTime[] {
    const taken = this.all();
    this.views.clear();
    return taken;
  }

  private of(view: string): DurationHistogram {
    let found = this.views.get(view);
    if (found === undefined) this.views.set(view, (found = new DurationHistogram(PART_BOUNDS)));
    return found;
  }
}
