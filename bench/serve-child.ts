import fastify from "fastify";
import { serve } from "../src/surfaces/http/serve.ts";
import { openPeople } from "./people.ts";

// A server in a process of its own: asof's, or a bare Fastify route that parses the body and answers with given bytes.

export type ServerRequest =
  | { readonly kind: "asof"; readonly home: string }
  | { readonly kind: "bare"; readonly answers: Readonly<Record<string, string>> };

async function start(request: ServerRequest): Promise<number> {
  if (request.kind === "asof") {
    const server = await serve(await openPeople(request.home), { port: 0, logger: false });
    return Number(new URL(server.url).port);
  }
  const app = fastify({ logger: false });
  for (const [path, body] of Object.entries(request.answers))
    app.post(path, async (_request, reply) =>
      reply.header("content-type", "application/json; charset=utf-8").send(body),
    );
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

process.on("message", (message: ServerRequest | "cpu") => {
  if (message === "cpu") process.send?.(process.cpuUsage());
  else void start(message).then((port) => process.send?.(port));
});
// Left alone, it would stay.
process.on("disconnect", () => process.exit());
