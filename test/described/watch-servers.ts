import { subscribe } from "node:diagnostics_channel";
import type { FastifyInstance } from "fastify";
import { afterAll, afterEach } from "vitest";

const LIMIT = 10;
const faults: string[] = [];

/** Holds every answer of every server that a test starts in its process against what `/openapi.json` says of it. */
export function watchServers(): void {
  subscribe("fastify.initialization", (message) => {
    const { fastify: app } = message as { readonly fastify: FastifyInstance };
    // One is always there to ask: it answers once what it says has been judged.
    app.addHook("onSend", async (request, reply, payload) => {
      if (request.method === "HEAD" || !app.hasRoute({ method: "GET", url: "/openapi.json" })) return;
      const { faultOf } = await import("./described-answer.ts");
      const { name = "" } = (request.params ?? {}) as { readonly name?: string };
      const fault = faultOf(request.routeOptions.config?.described, name, {
        method: request.method,
        url: request.url,
        status: reply.statusCode,
        type: String(reply.getHeader("content-type")),
        payload,
      });
      if (fault !== null && faults.length < LIMIT) faults.push(fault);
    });
  });
  afterEach(tell);
  afterAll(tell);
}

/** What was found and is not told yet. */
export function takeFaults(): readonly string[] {
  return faults.splice(0);
}

function tell(): void {
  const found = takeFaults();
  if (found.length > 0) throw new Error(`answers are not as /openapi.json describes them:\n${found.join("\n")}`);
}
