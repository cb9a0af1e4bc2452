import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fastify from "fastify";
import { serve } from "../src/surfaces/http/serve.ts";
import { supervise } from "../src/surfaces/workers/supervisor.ts";
import { openPeople } from "./people.ts";

// A server in a process of its own: asof's, asof's with processes beside it, or a bare Fastify route that parses the body
// and answers with given bytes.

export type ServerRequest =
  | { readonly kind: "asof"; readonly home: string }
  | { readonly kind: "workers"; readonly home: string; readonly workers: number }
  | { readonly kind: "bare"; readonly answers: Readonly<Record<string, string>> };

/** The processes whose time counts. */
let answering = [process.pid];

async function start(request: ServerRequest): Promise<number> {
  if (request.kind === "workers") return startWorkers(request.home, request.workers);
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

async function startWorkers(home: string, workers: number): Promise<number> {
  const here = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
  const configuration = `${home}.config.ts`;
  writeFileSync(
    configuration,
    `import { configure } from ${here("../src/index.ts")};
     import { definitions, NOW } from ${here("./people.ts")};
     export default configure({ definitions, home: ${JSON.stringify(home)}, clock: { simulated: NOW }, audit: false });`,
  );
  const started = await new Promise<{ url: string; workers: number[] }>((resolve, reject) => {
    supervise({
      configuration,
      home,
      workers,
      host: "127.0.0.1",
      port: 0,
      version: "bench",
      signal: stop.signal,
      onReady: resolve,
      note: (text) => process.stderr.write(`${text}\n`),
    }).then(() => process.exit(), reject);
  });
  answering = started.workers;
  return Number(new URL(started.url).port);
}

const stop = new AbortController();

/** Seconds of processor that processes have had so far, one by one. */
function cpuSeconds(): number[] {
  return answering.map((pid) => {
    if (pid === process.pid) {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    }
    // Behind the name, which may hold anything: user and system time are the 12th and 13th, in hundredths of a second.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  });
}

process.on("message", (message: ServerRequest | "cpu" | "stop") => {
  if (message === "cpu") process.send?.(cpuSeconds());
  else if (message === "stop") stop.abort();
  else void start(message).then((port) => process.send?.(port));
});
// Left alone, it would stay.
process.on("disconnect", () => process.exit());
