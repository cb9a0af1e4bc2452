export interface RequestCount {
  readonly method: string;
  /** The route's path, as in `/v1/events/{source}`; empty where there is no route. */
  readonly route: string;
  readonly status: number;
  readonly count: number;
}

type Running = { -readonly [K in keyof RequestCount]: RequestCount[K] };

/** How many requests a server has answered, by route and status. */
export class RequestCounts {
  /** By route: its few methods and statuses. */
  private readonly counts = new Map<string, Running[]>();

  count(method: string, route: string, status: number, times = 1): void {
    let ofRoute = this.counts.get(route);
    if (ofRoute === undefined) this.counts.set(route, (ofRoute = []));
    for (const one of ofRoute)
      if (one.status === status && one.method === method) {
        one.count += times;
        return;
      }
    ofRoute.push({ method, route, status, count: times });
  }

  /** What was counted since this was asked last. */
  take(): readonly RequestCount[] {
    const taken = this.all();
    this.counts.clear();
    return taken;
  }

  all(): readonly RequestCount[] {
    return [...this.counts.values()].flat();
  }
}
