import { AsyncLocalStorage } from "node:async_hooks";
import type { Context, Span } from "@opentelemetry/api";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { TracingSettings } from "../../configuration.ts";
import type { Store } from "../../store.ts";
import { loadOpenTelemetry } from "./open-telemetry.ts";

/** Spans of requests and of what the store does for them, sent to a collector. */
export interface Tracing {
  /** Makes a span of each request of a server. */
  readonly attach: (app: FastifyInstance) => void;
  /** A store that makes spans of its work, within those of requests. */
  readonly traced: <S extends Store>(store: S) => S;
  /** Sends what is left to send. */
  close(): Promise<void>;
}

/** What of a store is worth a span. */
const WORK: ReadonlySet<string> = new Set(
  (
    "load loadTable ingest retract correct compute dataset train materialize " +
    "features featuresAs featuresOf predict explain audit forget"
  ).split(" "),
);

/** No longer than this may what was left to send hold up an end, in milliseconds. */
const PATIENCE = 5_000;

/**
 * Spans hold names of definitions, statuses and codes of errors; no record, no key, no feature.
 * @throws ASOF_CONFIG where OpenTelemetry is not installed
 */
export async function openTracing(settings: TracingSettings, version: string): Promise<Tracing> {
  const { api, core, exporter, resources, sdk } = await loadOpenTelemetry();
  const { endpoint, headers, service = "asof", sample = 1, delay } = settings;
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({ "service.name": service, "service.version": version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(sample) }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        // Without an address the exporter goes by OTEL_EXPORTER_OTLP_ENDPOINT.
        exporter: new exporter.OTLPTraceExporter({
          ...(endpoint === undefined ? {} : { url: endpoint }),
          ...(headers === undefined ? {} : { headers: { ...headers } }),
        }),
        ...(delay === undefined ? {} : { scheduledDelayMillis: delay }),
      }),
    ],
  });
  const tracer = provider.getTracer("asof", version);
  const active = new AsyncLocalStorage<Context>();
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api;

  const failed = (span: Span, error: unknown): void => {
    const { code } = error as { readonly code?: unknown };
    span.setAttribute("error.type", typeof code === "string" ? code : "ASOF_INTERNAL");
  };

  const attach = (app: FastifyInstance): void => {
    const spans = new WeakMap<FastifyRequest, Span>();
    app.addHook("onRequest", (request, _reply, done) => {
      const { method, url, routeOptions, headers: given, params } = request;
      const parent = core.parseTraceParent(String(given["traceparent"] ?? ""));
      const route = routeOptions.config?.described?.path;
      const { name } = (params ?? {}) as { readonly name?: string };
      const span = tracer.startSpan(
        route === undefined ? method : `${method} ${route}`,
        {
          kind: SpanKind.SERVER,
          attributes: {
            "http.request.method": method,
            "url.path": url.split("?", 1)[0],
            ...(route === undefined ? {} : { "http.route": route }),
            ...(name === undefined ? {} : { "asof.definition": name }),
            "asof.request_id": request.id,
          },
        },
        parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true }),
      );
      spans.set(request, span);
      done();
    });
    // Only from here on: what reads a body does not keep what was active before.
    app.addHook("preHandler", (request, _reply, done) => {
      const span = spans.get(request)!;
      const { traceId, spanId, traceFlags } = span.spanContext();
      // What goes on to another process belongs to the same trace.
      request.raw.headers["traceparent"] = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
      active.run(trace.setSpan(ROOT_CONTEXT, span), done);
    });
    app.addHook("onError", (request, _reply, error, done) => {
      const span = spans.get(request);
      if (span !== undefined) failed(span, error);
      done();
    });
    app.addHook("onResponse", (request, reply, done) => {
      const span = spans.get(request);
      span?.setAttribute("http.response.status_code", reply.statusCode);
      if (reply.statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
      span?.end();
      done();
    });
  };

  const traced = <S extends Store>(store: S): S =>
    new Proxy(store, {
      get: (target, name) => {
        const own: unknown = Reflect.get(target, name, target);
        if (typeof own !== "function") return own;
        if (typeof name !== "string" || !WORK.has(name)) return own.bind(target) as unknown;
        return (...given: unknown[]): unknown => {
          const of = typeof given[0] === "string" ? { "asof.definition": given[0] } : {};
          const span = tracer.startSpan(`asof.${name}`, { attributes: of }, active.getStore() ?? ROOT_CONTEXT);
          const fail = (error: unknown): never => {
            failed(span, error);
            span.setStatus({ code: SpanStatusCode.ERROR });
            span.end();
            throw error;
          };
          try {
            const made = active.run(trace.setSpan(ROOT_CONTEXT, span), () => own.apply(target, given) as unknown);
            if (made instanceof Promise) return made.then((answer: unknown) => (span.end(), answer), fail);
            span.end();
            return made;
          } catch (error) {
            return fail(error);
          }
        };
      },
    });

  return {
    attach,
    traced,
    close: async () => {
      const late = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE).unref());
      await Promise.race([provider.shutdown().catch(() => {}), late]);
    },
  };
}
