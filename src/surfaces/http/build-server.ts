import { randomBytes } from "node:crypto";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { AsofError, errorTable } from "../../core/errors.ts";
import type { Store } from "../../store.ts";
import { Admission } from "./admission.ts";
import { type Body, mediaTypes, readBody } from "./body.ts";
import { refuseConnection } from "./client-error.ts";
import { serveConsole } from "./console/serve-console.ts";
import { errorAnswer } from "./error-answer.ts";
import { EventStreams } from "./live/event-stream.ts";
import { RequestTimes } from "./live/request-times.ts";
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

  guard(app, new Admission(bodiesLimit, bodyLimit));
  readBodies(app);
  const { requests = new RequestCounts(), forward } = options;
  const times = new RequestTimes();
  const streams = new EventStreams(app);
  const routes = routesOf({ store, maxRows, requests, times }, version);
  const paths = new Map(routes.map((route) => [urlOf(route), route.path]));
  const timed = new Set(routes.filter(({ events }) => events === undefined).map(({ path }) => path));
  const dialects = new Map(routes.map((route) => [urlOf(route), route.dialect?.answer ?? errorAnswer]));
  app.setErrorHandler((error: Error, request, reply) =>
    answerError(dialects.get(request.routeOptions.url ?? "") ?? errorAnswer, error, request, reply),
  );
  app.addHook("onResponse", (request, reply, done) => {
    const path = paths.get(request.routeOptions.url ?? "") ?? "";
    requests.count(request.method, path, reply.statusCode);
    if (timed.has(path)) times.add(path, reply.elapsedTime, request.body as object);
    done();
  });
  for (const route of routes) addRoute(app, route, streams, route.anywhere === true ? undefined : forward);
  for (const [path, there] of Map.groupBy(routes, (route) => route.path)) refuseOtherMethods(app, path, there);
  serveConsole(app);
  return app;
}

/** Refuses, before a body is read, what will not be answered. */
function guard(app: FastifyInstance, admission: Admission): void {
  let closing = false;
  app.addHook("preClose", (done) => {
    closing = true;
    done();
  });
  app.addHook("onRequest", (request, reply, done) => {
    const { headers } = request.raw;
    if (closing) throw new AsofError("ASOF_CLOSED", "the server is shutting down");
    if (!addressesLoopback(headers.host))
      throw new AsofError("ASOF_HOST", "the request's Host header names another machine", {
        host: headers.host ?? null,
      });
    if (request.is404)
      throw new AsofError("ASOF_NOT_FOUND", `there is no route ${pathOf(request.url)}`, { path: pathOf(request.url) });
    reply.raw.once("close", admission.admit(headers["content-length"], headers["transfer-encoding"]));
    done();
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

function addRoute(app: FastifyInstance, route: Route, streams: EventStreams, forward: Forward | undefined): void {
  const { method } = route;
  const url = urlOf(route);
  app.route<{ Params: { name?: string }; Body: Body | undefined }>({
    method,
    url,
    handler: async ({ params, query, body, raw }, reply) => {
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
      };
      if (route.events !== undefined) {
        await streams.send(reply, route.events.name, route.events.texts);
        return reply;
      }
      const answer = await route.handle(call);
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
    onRequest: (request) => {
      const allow = allowed.join(", ");
      throw new AsofError("ASOF_METHOD", `${request.method} is not allowed on ${path}: use ${allow}`, { allow });
    },
    handler: () => undefined,
  });
}

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
