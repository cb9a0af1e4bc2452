import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { assert } from "../../../core/assert.ts";
import { AsofError } from "../../../core/errors.ts";
import type { Admission } from "../admission.ts";
import type { Leaving } from "../leaving.ts";
import { addressesLoopback, comesFromLoopback } from "../loopback.ts";
import { anonymous, type Caller } from "./caller.ts";
import type { Gate, GuardedRoute } from "./gate.ts";

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller;
  }
  interface FastifyContextConfig {
    route: GuardedRoute;
  }
}

/** Refuses, before a body is read, what will not be answered. */
export function guard(app: FastifyInstance, gate: Gate, leaving: Leaving, admission: Admission): void {
  // The framework wants no object here that requests would share: each gets its own below.
  app.decorateRequest("caller", null as never);
  // Nothing is open by default: a route that does not say whom it is for is a fault of ours.
  app.addHook("onRoute", ({ method, url, config }) => {
    assert(config?.route !== undefined, `the route ${String(method)} ${url} does not declare its scope`);
  });
  app.addHook("preClose", (done) => {
    leaving.close();
    done();
  });
  const enter = (request: FastifyRequest, reply: FastifyReply, caller: Caller): void => {
    request.caller = caller;
    const { headers } = request.raw;
    gate.allow(caller, request.routeOptions.config.route, (request.params as { readonly name?: string }).name ?? "");
    reply.raw.on("close", admission.admit(headers["content-length"], headers["transfer-encoding"]));
  };
  const admit = (request: FastifyRequest, reply: FastifyReply): void | Promise<void> => {
    const { headers } = request.raw;
    if (leaving.isClosing) throw new AsofError("ASOF_CLOSED", "the server is shutting down");
    if (!gate.isClosed && !addressesLoopback(headers.host))
      throw new AsofError("ASOF_HOST", "the request's Host header names another machine", {
        host: headers.host ?? null,
      });
    if (!gate.isClosed && !comesFromLoopback(headers.origin))
      throw new AsofError("ASOF_HOST", "the request's Origin header names a page of another machine", {
        origin: headers.origin ?? null,
      });
    if (request.is404) {
      const [path] = request.url.split("?", 1);
      throw new AsofError("ASOF_NOT_FOUND", `there is no route ${path}`, { path });
    }
    const caller = gate.identify(request.routeOptions.config.route.access, headers);
    if (!(caller instanceof Promise)) return enter(request, reply, caller);
    return caller.then((known) => enter(request, reply, known));
  };
  const refuse = (request: FastifyRequest, error: Error): Error => {
    if (!request.is404) gate.refused(request.caller, request.routeOptions.config.route, error);
    return error;
  };
  // Waits for nothing where keys were looked at lately and the caller is known.
  app.addHook("onRequest", (request, reply, proceed) => {
    request.caller = anonymous;
    const looking = gate.look();
    let admitted: void | Promise<void>;
    try {
      admitted = looking === null ? admit(request, reply) : looking.then(() => admit(request, reply));
    } catch (error) {
      return proceed(refuse(request, error as Error));
    }
    if (admitted === undefined) return proceed();
    admitted.then(
      () => proceed(),
      (error: unknown) => proceed(refuse(request, error as Error)),
    );
  });
}
