export interface RequestCount {
  readonly method: string;
  /** The route's path, as in `/v1/events/{source}`; empty where there is no route. */
  readonly route: string;
  readonly status: number;
  readonly count: number;
}

/** How many requests a server has answered, by route and status. */
export class RequestCounts {
  private readonly counts = new Map<string, { method: string; route: string; status: number; count: number }>();

  count(method: string, route: string, status: number, times = 1): void {
    const key = `${method} ${route} ${status}`;
    const found = this.counts.get(key);
    if (found !== undefined) found.count += times;
    else this.counts.set(key, { method, route, status, count: times });
  }

  /** What was counted since this was asked last. */
  take(): readonly RequestCount[] {
    const taken = this.all();
    this.counts.clear();
    return taken;
  }

  all(): readonly RequestCount[] {
    return [...this.counts.values()];
  }
}
