import { exposition, EXPOSITION_TYPE } from "../exposition.ts";
import { definitionOf } from "../feature-types.ts";
import { metricsOf, type ViewsBehind } from "../metrics.ts";
import type { Route, RouteContext } from "../route.ts";
import { text } from "../schema.ts";

/** What there is to watch, for Prometheus. */
export function metricsRoute({ store, requests, jobs }: RouteContext, version: string): Route {
  const viewsBehind: ViewsBehind = (kind, name) => {
    const service = kind === "service" ? name : definitionOf(store, "model", name).service;
    return [...new Set(definitionOf(store, "service", service).uses.map(({ view }) => view))];
  };
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
    handle: async () =>
      exposition(metricsOf(await store.monitoring(), requests, { version, viewsBehind, jobs: jobs() })),
  };
}
