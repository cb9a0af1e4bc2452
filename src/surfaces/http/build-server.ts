import { randomBytes } from "node:crypto";
import type { RequestListener } from "node:http";
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import { AsofError, errorTable } from "../../core/errors.ts";
import type { Store } from "../../store.ts";
import { PUBLIC } from "./access/access.ts";
import { Gate, type GuardedRoute } from "./access/gate.ts";
import { type Answered, guard, nameIn } from "./access/guard.ts";
import { Admission } from "./admission.ts";
import { AnswerDeadlines } from "./answer-deadline.ts";
import { type Body, mediaTypes, readBody } from "./body.ts";
import { refuseConnection } from "./client-error.ts";
import { serveConsole } from "./console/serve-console.ts";
import { directRequests } from "./direct-requests.ts";
import { errorAnswer, type ErrorAnswer } from "./error-answer.ts";
import { EventStreams } from "./live/event-stream.ts";
import { RequestTimes } from "./live/request-times.ts";
import { logLevel, logSettings } from "./log-settings.ts";
import { readHeaders } from "./read-headers.ts";
import { readQuery } from "./read-query.ts";
import { OneOfAKind } from "./one-of-a-kind.ts";
import { Leaving } from "./leaving.ts";
import { RequestCounts } from "./request-counts.ts";
import { requestError } from "./request-error.ts";
import { type Answer, JSON_TYPE, type Route, unsent } from "./route.ts";
import { routesOf } from "./routes.ts";
import type { Forward, ForwardedAnswer, ForwardedRequest, LogLevel, ServerOptions } from "./server-options.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What is behind a path that `/openapi.json` describes. */
    readonly described?: Route;
  }
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"];
/** Levels at which there is a line for each request. */
const EACH_REQUEST: ReadonlySet<LogLevel> = new Set(["info", "debug", "trace"]);
const MIB = 2 ** 20;

/**
 * The HTTP server over a store, not listening yet; closing it leaves the store open.
 * @param leaving once told, answers are the last of their connections
 */
export function buildServer(store: Store, options: ServerOptions = {}, leaving = new Leaving()): FastifyInstance {
  const { bodyLimit = 10 * MIB, bodiesLimit = 256 * MIB, headersLimit = 16_384, maxRows = 1000 } = options;
  const { maxConnections = 1024, requestTimeout = 30_000, answerTimeout = 60_000, version = "0" } = options;
  const nextId = requestIds();
  const logsRequests = EACH_REQUEST.has(logLevel(options) ?? "silent");
  const app = fastify({
    logger: logSettings(options),
    // A line of our own for each request, which has no query: that may hold keys.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    bodyLimit,
    requestTimeout,
    http: {
      maxHeaderSize: headersLimit,
      headersTimeout: requestTimeout,
      connectionsCheckingInterval: Math.min(5000, requestTimeout),
    },
    genReqId: nextId,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => answerError(errorAnswer, leaving, error, request, reply),
    clientErrorHandler: (error, socket) => refuseConnection(error, socket, nextId()),
  });
  app.server.maxConnections = maxConnections;

  const gate = new Gate(store, { ...options, failed: (error) => app.log.error({ err: error }, "access") });
  app.addHook("onClose", () => gate.close());
  const admission = new Admission(bodiesLimit, bodyLimit);
  guard(app, gate, leaving, admission);
  readBodies(app);
  const { requests = new RequestCounts(), forward, behindOthers = false, jobs = () => [] } = options;
  const { verify = null, demo = null } = options;
  /** What comes through other processes is theirs to count. */
  const counts = behindOthers ? new RequestCounts() : requests;
  const times = new RequestTimes();
  const work = new OneOfAKind();
  const streams = new EventStreams(app);
  const routes = routesOf({ store, maxRows, requests, jobs, times, work, verify, demo }, version);
  const dialects = new Map(routes.map((route) => [urlOf(route), route.dialect?.answer ?? errorAnswer]));
  app.setErrorHandler((error: Error, request, reply) => {
    answerError(dialects.get(request.routeOptions.url ?? "") ?? errorAnswer, leaving, error, request, reply, requests);
    // What has a route is counted by it.
    if (request.is404) counts.count(request.method, "", reply.statusCode);
  });
  if (logsRequests) logRequests(app);
  if (options.logBodies === true) logBodies(app);
  options.attach?.(app);
  const deadlines = new AnswerDeadlines(answerTimeout);
  for (const route of routes)
    addRoute(app, route, {
      gate,
      forward: route.anywhere === true ? undefined : forward,
      leaving,
      streams,
      deadlines: route.unhurried === true ? UNBOUNDED : deadlines,
      answered: counted(counts, route.path, route, times),
    });
  for (const [path, there] of Map.groupBy(routes, (route) => route.path))
    refuseOtherMethods(app, path, there, counted(counts, path));
  serveConsole(app);
  // Whoever looks at all requests is told of them by the framework.
  if (!logsRequests && options.logBodies !== true && options.attach === undefined)
    answerDirectly(
      app,
      directRequests({
        routes: routes.filter((route) => route.often === true && (route.anywhere === true || forward === undefined)),
        answeredOf: (route) => counted(counts, route.path, route, times),
        bodyLimit,
        gate,
        leaving,
        admission,
        deadlines,
        nextId,
        tell: (error, id) => toldError(errorAnswer, error, id, app.log.child({ requestId: id }), requests),
      }),
    );
  return app;
}

/** Has requests answered before the framework sees them, as far as that can be. */
function answerDirectly(app: FastifyInstance, answers: ReturnType<typeof directRequests>): void {
  const [framework] = app.server.listeners("request") as RequestListener[];
  app.server.removeListener("request", framework);
  app.server.on("request", (request, response) => {
    if (!answers(request, response)) framework(request, response);
  });
}

/** Counts answers of a path, and times those of a route. */
function counted(requests: RequestCounts, path: string, route?: Route, times?: RequestTimes): Answered {
  return (request, status, name, body, now, milliseconds) => {
    requests.count(request.method ?? "", path, status);
    // A stream of events ends when its reader leaves.
    if (route !== undefined && route.events === undefined) {
      requests.times.observe(route, name, status, milliseconds / 1000);
      times?.add(path, milliseconds, now, body);
    }
  };
}

/** Logs a line for each request. */
function logRequests(app: FastifyInstance): void {
  app.addHook("onResponse", ({ log, method, url }, { statusCode: status, elapsedTime: ms }, done) => {
    log.info({ method, path: pathOf(url), status, ms }, "answered");
    done();
  });
}

/** Logs what is asked and answered, values and all: only where that was asked for. */
function logBodies(app: FastifyInstance): void {
  app.addHook("onSend", (request, _reply, payload, done) => {
    const asked = (request.body as Body | null | undefined)?.text;
    request.log.info({ asked, answered: typeof payload === "string" ? payload : undefined }, "bodies");
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

interface RouteUse {
  readonly gate: Gate;
  readonly forward: Forward | undefined;
  readonly leaving: Leaving;
  readonly streams: EventStreams;
  readonly deadlines: AnswerDeadlines;
  readonly answered: Answered;
}

// The path of every request: what can be answered at once waits for nothing.
function addRoute(app: FastifyInstance, route: Route, use: RouteUse): void {
  const { gate, forward, leaving, streams, deadlines, answered } = use;
  const { method, shapes } = route;
  const brings = route.access.scope === "ingest";
  const type = route.type ?? JSON_TYPE;
  const send = (reply: FastifyReply, answer: Answer): void => {
    if (leaving.isTold) leaving.hangUpAfter(reply);
    if (typeof answer === "string") return void reply.header("content-type", type).send(answer);
    if ("text" in answer) return void reply.header("content-type", type).send(answer.text);
    if ("timing" in answer) return send(reply.header("server-timing", answer.timing), answer.answer);
    if (answer.sent !== undefined) reply.raw.on("close", answer.sent);
    void reply.header("content-type", answer.type).send(answer.bytes);
  };
  app.route<{ Params: { name?: string }; Body: Body | undefined }>({
    method,
    url: urlOf(route),
    config: { route, described: route, answered },
    handler: (request, reply) => {
      const { raw, body } = request;
      const deadline = deadlines.begin();
      if (forward !== undefined)
        return forwarded((asked) => deadline.bound(forward({ ...asked, brings })), leaving, request, reply);
      if (shapes.body !== null && body === undefined)
        throw new AsofError("ASOF_MEDIA_TYPE", "a body with its content type is missing");
      if (route.events !== undefined) {
        const stays = (): Promise<void> => gate.lookAfter(route, raw.headers, nameIn(request));
        return streams.send(reply, route.events.name, route.events.texts, stays);
      }
      const call = {
        name: request.params.name ?? "",
        query: raw.url?.includes("?") === true ? readQuery(route, request.query) : NOTHING,
        headers: route.headers === undefined ? NOTHING : readHeaders(route, raw.headers),
        body: body ?? NO_BODY,
        accept: raw.headers.accept ?? "",
        caller: request.caller,
        signal: deadline.signal,
      };
      const answer = gate.handle(route, call, request.id);
      if (!(answer instanceof Promise)) return send(reply, answer);
      deadline.await(
        answer,
        (found) => send(reply, found),
        (error) => void reply.send(error),
        unsent,
      );
    },
  });
}

async function forwarded(
  forward: (asked: Omit<ForwardedRequest, "brings">) => Promise<ForwardedAnswer>,
  leaving: Leaving,
  { raw, body }: FastifyRequest<{ Body: Body | undefined }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { method = "", url = "", headers: given } = raw;
  const { status, headers, body: answer } = await forward({ method, url, headers: given, body: body?.text ?? "" });
  if (leaving.isTold) leaving.hangUpAfter(reply);
  return reply.code(status).headers(headers).send(answer);
}

function refuseOtherMethods(app: FastifyInstance, path: string, routes: readonly Route[], answered: Answered): void {
  const allowed = routes.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  app.route({
    method: METHODS.filter((other) => !allowed.includes(other)),
    url: urlOf(routes[0]),
    config: { route: REFUSING, answered },
    onRequest: (request) => {
      const allow = allowed.join(", ");
      throw new AsofError("ASOF_METHOD", `${request.method} is not allowed on ${path}: use ${allow}`, { allow });
    },
    handler: () => undefined,
  });
}

/** What refuses methods tells nothing of the store. */
const REFUSING: GuardedRoute = { id: "refuseMethod", access: PUBLIC, names: null };

/** An answer of these takes as long as it takes. */
const UNBOUNDED = new AnswerDeadlines(null);
const NO_BODY: Body = { language: "json", text: "" };
const NOTHING: Readonly<Record<string, string>> = {};

function answerError(
  answer: typeof errorAnswer,
  leaving: Leaving,
  error: Error | FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  requests?: RequestCounts,
): void {
  const told = requestError(error, request);
  const { status, headers, body } = toldError(answer, told, request.id, request.log, requests);
  if (leaving.isTold) leaving.hangUpAfter(reply);
  void reply.code(status).headers(headers).send(body);
}

/** What a client is told of an error, which is counted and logged. */
function toldError(
  answer: typeof errorAnswer,
  error: Error,
  requestId: string,
  log: FastifyBaseLogger,
  requests?: RequestCounts,
): ErrorAnswer {
  const told = answer(error, requestId);
  const { code, status } = told;
  requests?.failed(code);
  // What a client sent may be in the message of what a client caused: its code is enough.
  if (status === 500 || (status === 503 && error.cause !== undefined))
    log.error({ err: error, code }, errorTable[code].message);
  else log.info({ code }, "refused");
  return told;
}

/** Ids that differ between processes as well. */
function requestIds(): () => string {
  const process = randomBytes(6).toString("base64url");
  let last = 0;
  return () => `${process}-${(last += 1).toString(36)}`;
}

/** The path of a URL, without its query, which may hold keys. */
function pathOf(url: string): string {
  return url.split("?", 1)[0];
}
