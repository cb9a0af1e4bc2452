const KEPT = 1024;
/** The stretch that is told of, in milliseconds. */
const STRETCH = 60_000;

export interface RouteTimes {
  /** The route's path, as in `/v1/predict/{model}`; with `, of the past` where history was asked. */
  readonly route: string;
  /** Requests answered in the stretch, as many as are kept at the most; and how many came in a second. */
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds from a request's arrival to its answer; of the last of them where there were very many. */
  readonly p50: number;
  readonly p99: number;
}

/** The last requests of a route: when each was answered, and in how many milliseconds. */
interface Kept {
  readonly at: Float64Array;
  readonly took: Float64Array;
  /** Counts all; the place of the next is this modulo how many are kept. */
  count: number;
}

/** How long this process took over the requests of the last minute, by route. */
export class RequestTimes {
  private readonly kept = new Map<string, Kept>();
  private readonly began = performance.now();
  private readonly past = new WeakSet<object>();

  /** What a request with this body takes is not to be mixed with what answers of the present take. */
  ofPast(body: object): void {
    this.past.add(body);
  }

  /** @param now by `performance.now` */
  add(path: string, milliseconds: number, now: number, body: object | null | undefined): void {
    const route = body !== null && body !== undefined && this.past.has(body) ? `${path}, of the past` : path;
    let kept = this.kept.get(route);
    if (kept === undefined)
      this.kept.set(route, (kept = { at: new Float64Array(KEPT), took: new Float64Array(KEPT), count: 0 }));
    const place = kept.count++ % KEPT;
    kept.at[place] = now;
    kept.took[place] = milliseconds;
  }

  report(): RouteTimes[] {
    const now = performance.now();
    return [...this.kept].flatMap(([route, kept]) => {
      const took: number[] = [];
      let oldest = now;
      for (let i = 0; i < Math.min(kept.count, KEPT); i++) {
        if (now - kept.at[i] > STRETCH) continue;
        took.push(kept.took[i]);
        oldest = Math.min(oldest, kept.at[i]);
      }
      if (took.length === 0) return [];
      took.sort((a, b) => a - b);
      // All that are kept may have come in less than a minute, and the process may be younger than that.
      const stretch = took.length === KEPT ? now - oldest : Math.min(STRETCH, now - this.began);
      return {
        route,
        requests: took.length,
        perSecond: took.length / (Math.max(stretch, 1000) / 1000),
        p50: quantile(took, 0.5),
        p99: quantile(took, 0.99),
      };
    });
  }
}

/** The least value that the share of them does not exceed. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
