import { randomBytes } from "node:crypto";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { AsofError, errorTable } from "../../core/errors.ts";
import type { Store } from "../../store.ts";
import { assert } from "../../core/assert.ts";
import { PUBLIC } from "./access/access.ts";
import { anonymous, type Caller } from "./access/caller.ts";
import { Gate, type GuardedRoute } from "./access/gate.ts";
import { Admission } from "./admission.ts";
import { type Body, mediaTypes, readBody } from "./body.ts";
import { refuseConnection } from "./client-error.ts";
import { errorAnswer } from "./error-answer.ts";
import { addressesLoopback } from "./loopback.ts";
import { readHeaders } from "./read-headers.ts";
import { readQuery } from "./read-query.ts";
import { RequestCounts } from "./request-counts.ts";
import { requestError } from "./request-error.ts";
import type { Route } from "./route.ts";
import { routesOf } from "./routes.ts";
import type { Forward, LogLevel, ServerOptions } from "./server-options.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];
const MIB = 2 ** 20;
const JSON_TYPE = "application/json; charset=utf-8";

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller;
  }
  interface FastifyContextConfig {
    route: GuardedRoute;
  }
}

/** The HTTP server over a store, not listening yet; closing it leaves the store open. */
export function buildServer(store: Store, options: ServerOptions = {}): FastifyInstance {
  const { bodyLimit = 10 * MIB, bodiesLimit = 256 * MIB, headersLimit = 16_384, maxRows = 1000 } = options;
  const { maxConnections = 1024, requestTimeout = 30_000, version = "0" } = options;
  const nextId = requestIds();
  const app = fastify({
    logger: loggerOptions(options),
    bodyLimit,
    requestTimeout,
    http: {
      maxHeaderSize: headersLimit,
      headersTimeout: requestTimeout,
      connectionsCheckingInterval: Math.min(5000, requestTimeout),
    },
    genReqId: nextId,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => answerError(errorAnswer, error, request, reply),
    clientErrorHandler: (error, socket) => refuseConnection(error, socket, nextId()),
  });
  app.server.maxConnections = maxConnections;

  const gate = new Gate(store, { ...options, failed: (error) => app.log.error({ err: error }, "access") });
  app.addHook("onClose", () => gate.close());
  guard(app, gate, new Admission(bodiesLimit, bodyLimit));
  readBodies(app);
  const { requests = new RequestCounts(), forward } = options;
  const routes = routesOf({ store, maxRows, requests }, version);
  const paths = new Map(routes.map((route) => [urlOf(route), route.path]));
  const dialects = new Map(routes.map((route) => [urlOf(route), route.dialect?.answer ?? errorAnswer]));
  app.setErrorHandler((error: Error, request, reply) =>
    answerError(dialects.get(request.routeOptions.url ?? "") ?? errorAnswer, error, request, reply),
  );
  app.addHook("onResponse", (request, reply, done) => {
    requests.count(request.method, paths.get(request.routeOptions.url ?? "") ?? "", reply.statusCode);
    done();
  });
  for (const route of routes) addRoute(app, gate, route, route.anywhere === true ? undefined : forward);
  for (const [path, there] of Map.groupBy(routes, (route) => route.path)) refuseOtherMethods(app, path, there);
  return app;
}

/** Refuses, before a body is read, what will not be answered. */
function guard(app: FastifyInstance, gate: Gate, admission: Admission): void {
  // The framework wants no object here that requests would share: each gets its own below.
  app.decorateRequest("caller", null as never);
  // Nothing is open by default: a route that does not say whom it is for is a fault of ours.
  app.addHook("onRoute", ({ method, url, config }) => {
    assert(config?.route !== undefined, `the route ${String(method)} ${url} does not declare its scope`);
  });
  let closing = false;
  app.addHook("preClose", (done) => {
    closing = true;
    done();
  });
  const admit = (request: FastifyRequest, reply: FastifyReply): void | Promise<void> => {
    const { headers } = request.raw;
    if (closing) throw new AsofError("ASOF_CLOSED", "the server is shutting down");
    if (!gate.isClosed && !addressesLoopback(headers.host))
      throw new AsofError("ASOF_HOST", "the request's Host header names another machine", {
        host: headers.host ?? null,
      });
    if (request.is404)
      throw new AsofError("ASOF_NOT_FOUND", `there is no route ${pathOf(request.url)}`, { path: pathOf(request.url) });
    const { route } = request.routeOptions.config;
    const enter = (caller: Caller): void => {
      request.caller = caller;
      gate.allow(caller, route, (request.params as { readonly name?: string }).name ?? "");
      reply.raw.once("close", admission.admit(headers["content-length"], headers["transfer-encoding"]));
    };
    const caller = gate.identify(route.access, headers);
    return caller instanceof Promise ? caller.then(enter) : enter(caller);
  };
  const refuse = (request: FastifyRequest, error: Error): Error => {
    const { route } = request.routeOptions.config;
    if (route !== undefined) gate.refused(request.caller, route, error);
    return error;
  };
  app.addHook("onRequest", (request, reply, proceed) => {
    request.caller = anonymous;
    const looking = gate.look();
    let admitted: void | Promise<void>;
    try {
      admitted = looking === null ? admit(request, reply) : looking.then(() => admit(request, reply));
    } catch (error) {
      return proceed(refuse(request, error as Error));
    }
    if (admitted === undefined) proceed();
    else
      admitted.then(
        () => proceed(),
        (error: unknown) => proceed(refuse(request, error as Error)),
      );
  });
  // A connection that has its answer would else stay open, idle, and hold up the close.
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (closing) void reply.header("connection", "close");
    done();
  });
}

/** The framework hands bodies over as they came: what they hold is ours to judge. */
function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  for (const [language, type] of Object.entries(mediaTypes) as [Body["language"], string][])
    app.addContentTypeParser(type, { parseAs: "buffer" }, (request, bytes: Buffer, done) => {
      const { headers } = request.raw;
      done(null, readBody(language, bytes, headers["content-type"] ?? "", headers["content-encoding"]));
    });
}

/** A route's path as the framework has it. */
function urlOf({ names, path }: Route): string {
  return names === null ? path : path.replace(`{${names.parameter}}`, ":name");
}

function addRoute(app: FastifyInstance, gate: Gate, route: Route, forward: Forward | undefined): void {
  const { method } = route;
  const url = urlOf(route);
  app.route<{ Params: { name?: string }; Body: Body | undefined }>({
    method,
    url,
    config: { route },
    handler: async ({ params, query, body, raw, caller, id }, reply) => {
      if (forward !== undefined) {
        const {
          status,
          headers,
          body: answer,
        } = await forward({
          method: raw.method ?? method,
          url: raw.url ?? "",
          headers: raw.headers,
          body: body?.text ?? "",
        });
        return reply.code(status).headers(headers).send(answer);
      }
      if (route.shapes.body !== null && body === undefined)
        throw new AsofError("ASOF_MEDIA_TYPE", "a body with its content type is missing");
      const call = {
        name: params.name ?? "",
        query: readQuery(route, query),
        headers: readHeaders(route, raw.headers),
        body: body ?? NO_BODY,
        accept: raw.headers.accept ?? "",
        caller,
      };
      const answer = await gate.recorded(caller, route, params.name ?? null, id, () => route.handle(call));
      if (typeof answer !== "string") return reply.header("content-type", answer.type).send(answer.bytes);
      return reply.header("content-type", route.type ?? JSON_TYPE).send(answer);
    },
  });
}

function refuseOtherMethods(app: FastifyInstance, path: string, routes: readonly Route[]): void {
  const allowed = routes.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  app.route({
    method: METHODS.filter((other) => !allowed.includes(other)),
    url: urlOf(routes[0]),
    config: { route: REFUSING },
    onRequest: (request) => {
      const allow = allowed.join(", ");
      throw new AsofError("ASOF_METHOD", `${request.method} is not allowed on ${path}: use ${allow}`, { allow });
    },
    handler: () => undefined,
  });
}

/** What refuses methods tells nothing of the store. */
const REFUSING: GuardedRoute = { id: "refuseMethod", access: PUBLIC, names: null };

const NO_BODY: Body = { language: "json", text: "" };

function answerError(
  answer: typeof errorAnswer,
  error: Error | FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const told = requestError(error, request);
  const { code, status, headers, body } = answer(told, request.id);
  // What a client sent may be in the message of what a client caused: its code is enough.
  if (status === 500 || (status === 503 && told.cause !== undefined))
    request.log.error({ err: told, code }, errorTable[code].message);
  else request.log.info({ code }, "refused");
  void reply.code(status).headers(headers).send(body);
}

function pathOf(url: string): string {
  return url.split("?", 1)[0];
}

/** Ids that differ between processes as well. */
function requestIds(): () => string {
  const process = randomBytes(6).toString("base64url");
  let last = 0;
  return () => `${process}-${(last += 1).toString(36)}`;
}

function loggerOptions({
  logger = "error",
  logStream = process.stderr,
}: ServerOptions): false | { level: LogLevel; stream: { write(line: string): void } } {
  if (logger === false) return false;
  return { level: logger === true ? "info" : logger, stream: logStream };
}
