import type { ErrorCode } from "../../core/errors.ts";
import { type RequestHistogram, RequestHistograms } from "./request-histograms.ts";

export interface RequestCount {
  readonly method: string;
  /** The route's path, as in `/v1/events/{source}`; empty where there is no route. */
  readonly route: string;
  readonly status: number;
  readonly count: number;
}

type Running = { -readonly [K in keyof RequestCount]: RequestCount[K] };

/** What a process tells of its requests to the one that tells of all. */
export interface ToldRequests {
  readonly counts: readonly RequestCount[];
  readonly times: readonly RequestHistogram[];
  readonly errors: readonly (readonly [code: ErrorCode, count: number])[];
}

/** How many requests a server has answered, by route and status; how long they took, and what they failed with. */
export class RequestCounts {
  readonly times = new RequestHistograms();
  /** Errors told, by code. */
  readonly errors = new Map<ErrorCode, number>();
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

  failed(code: ErrorCode, times = 1): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + times);
  }

  /** What there is to tell since this was asked last; null where that is nothing. */
  take(): ToldRequests | null {
    const taken = { counts: this.all(), times: this.times.take(), errors: [...this.errors] };
    this.counts.clear();
    this.errors.clear();
    return taken.counts.length + taken.times.length + taken.errors.length === 0 ? null : taken;
  }

  /** Takes up what another process tells. */
  add({ counts, times, errors }: ToldRequests): void {
    for (const { method, route, status, count } of counts) this.count(method, route, status, count);
    this.times.add(times);
    for (const [code, count] of errors) this.failed(code, count);
  }

  all(): readonly RequestCount[] {
    return [...this.counts.values()].flat();
  }
}
