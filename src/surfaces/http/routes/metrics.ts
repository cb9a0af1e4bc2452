import { exposition, EXPOSITION_TYPE } from "../exposition.ts";
import { metricsOf } from "../metrics.ts";
import type { Route, RouteContext } from "../route.ts";
import { text } from "../schema.ts";

/** What there is to watch, for Prometheus. */
export function metricsRoute({ store, requests }: RouteContext): Route {
  return {
    method: "GET",
    path: "/metrics",
    id: "getMetrics",
    access: { scope: "read" },
    summary: "Gives freshness, rates, audit and drift in the text format of Prometheus.",
    names: null,
    query: {},
    shapes: { body: null, answer: text },
    errors: [],
    type: EXPOSITION_TYPE,
    handle: async () => exposition(metricsOf(await store.monitoring(), requests.all())),
  };
}
