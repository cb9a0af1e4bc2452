import { DurationHistogram, type Durations } from "../../core/metrics/duration-histogram.ts";

/** How long the requests of a route took that named the same definition. */
export interface RequestHistogram extends Durations {
  readonly method: string;
  readonly route: string;
  /** What the path names; empty where it names nothing, or the request was refused. */
  readonly definition: string;
}

/** What of a route is told. */
interface Timed {
  readonly method: string;
  readonly path: string;
}

/** How long all requests took, from their headers to the end of their answer: for metrics. */
export class RequestHistograms {
  private readonly routes = new Map<Timed, Map<string, DurationHistogram>>();

  /** On the path of each request. Names that are refused are no definitions: there is no end of them. */
  observe(route: Timed, name: string, status: number, seconds: number): void {
    this.of(route, status < 400 ? name : "").observe(seconds);
  }

  /** Takes up what others have observed. */
  add(times: readonly RequestHistogram[]): void {
    for (const { method, route, definition, ...observed } of times) {
      const known = [...this.routes.keys()].find((one) => one.method === method && one.path === route);
      this.of(known ?? { method, path: route }, definition).add(observed);
    }
  }

  /** What was observed since this was asked last. */
  take(): readonly RequestHistogram[] {
    const taken = this.all();
    this.routes.clear();
    return taken;
  }

  all(): readonly RequestHistogram[] {
    return [...this.routes].flatMap(([{ method, path }, names]) =>
      [...names].map(([definition, { buckets, sum }]) => ({ method, route: path, definition, buckets, sum })),
    );
  }

  private of(route: Timed, definition: string): DurationHistogram {
    let names = this.routes.get(route);
    if (names === undefined) this.routes.set(route, (names = new Map()));
    let found = names.get(definition);
    if (found === undefined) names.set(definition, (found = new DurationHistogram()));
    return found;
  }
}
