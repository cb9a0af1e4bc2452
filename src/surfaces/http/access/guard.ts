import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { assert } from "../../../core/assert.ts";
import { AsofError } from "../../../core/errors.ts";
import type { Admission } from "../admission.ts";
import type { Body } from "../body.ts";
import type { Leaving } from "../leaving.ts";
import { addressesLoopback, comesFromLoopback } from "../loopback.ts";
import { anonymous, type Caller } from "./caller.ts";
import type { Gate, GuardedRoute } from "./gate.ts";

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller;
    /** Bytes that it is admitted with. */
    held: number;
  }
  interface FastifyContextConfig {
    route: GuardedRoute;
    readonly answered?: Answered;
  }
}

/**
 * Is told of each answer once it is on its way: to whom, of what status, what the path named, when that is by the
 * monotonic clock, and how many milliseconds after its request arrived.
 */
export type Answered = (
  request: IncomingMessage,
  status: number,
  name: string,
  body: Body | undefined,
  now: number,
  milliseconds: number,
) => void;

/** Where nobody is asked who he is only this machine is let in, and no page of another. @throws ASOF_HOST */
export function mustBeAddressed(gate: Gate, { host, origin }: IncomingHttpHeaders): void {
  if (gate.isClosed) return;
  if (!addressesLoopback(host))
    throw new AsofError("ASOF_HOST", "the request's Host header names another machine", { host: host ?? null });
  if (!comesFromLoopback(origin))
    throw new AsofError("ASOF_HOST", "the request's Origin header names a page of another machine", {
      origin: origin ?? null,
    });
}

/** What a request's path names; empty where it names nothing. */
export function nameIn({ params }: FastifyRequest): string {
  return (params as { readonly name?: string } | undefined)?.name ?? "";
}

/** Refuses, before a body is read, what will not be answered. */
export function guard(app: FastifyInstance, gate: Gate, leaving: Leaving, admission: Admission): void {
  // The framework wants no object here that requests would share: each gets its own below.
  app.decorateRequest("caller", null as never);
  app.decorateRequest("held", 0);
  // Nothing is open by default: a route that does not say whom it is for is a fault of ours.
  app.addHook("onRoute", ({ method, url, config }) => {
    assert(config?.route !== undefined, `the route ${String(method)} ${url} does not declare its scope`);
  });
  app.addHook("preClose", (done) => {
    leaving.close();
    done();
  });
  const enter = (request: FastifyRequest, reply: FastifyReply, route: GuardedRoute, caller: Caller): void => {
    request.caller = caller;
    const { headers } = request.raw;
    gate.allow(caller, route, nameIn(request));
    const bytes = admission.admit(headers["content-length"], headers["transfer-encoding"]);
    // Who has gone while it was looked up who he is will not go again.
    if (reply.raw.closed) admission.leave(bytes);
    else request.held = bytes;
  };
  const admit = (
    request: FastifyRequest,
    reply: FastifyReply,
    route: GuardedRoute | undefined,
  ): void | Promise<void> => {
    const { headers } = request.raw;
    if (leaving.isClosing) throw new AsofError("ASOF_CLOSED", "the server is shutting down");
    mustBeAddressed(gate, headers);
    if (route === undefined) {
      const [path] = request.url.split("?", 1);
      throw new AsofError("ASOF_NOT_FOUND", `there is no route ${path}`, { path });
    }
    const caller = gate.identify(route.access, headers);
    if (!(caller instanceof Promise)) return enter(request, reply, route, caller);
    return caller.then((known) => enter(request, reply, route, known));
  };
  const refuse = (request: FastifyRequest, route: GuardedRoute | undefined, error: Error): Error => {
    if (route !== undefined) gate.refused(request.caller, route, error);
    return error;
  };
  // Waits for nothing where keys were looked at lately and the caller is known.
  app.addHook("onRequest", (request, reply, proceed) => {
    const arrived = performance.now();
    request.caller = anonymous;
    // Each asking for these makes them anew; what has no route has none.
    const config: Partial<FastifyContextConfig> | undefined = request.routeOptions.config;
    const route = config?.route;
    reply.raw.on("close", () => {
      admission.leave(request.held);
      // Who has gone away got no answer.
      const { writableFinished, statusCode } = reply.raw;
      if (!writableFinished) return;
      const now = performance.now();
      config?.answered?.(
        request.raw,
        statusCode,
        nameIn(request),
        request.body as Body | undefined,
        now,
        now - arrived,
      );
    });
    const looking = gate.look(arrived);
    let admitted: void | Promise<void>;
    try {
      admitted = looking === null ? admit(request, reply, route) : looking.then(() => admit(request, reply, route));
    } catch (error) {
      return proceed(refuse(request, route, error as Error));
    }
    if (admitted === undefined) return proceed();
    admitted.then(
      () => proceed(),
      (error: unknown) => proceed(refuse(request, route, error as Error)),
    );
  });
}
