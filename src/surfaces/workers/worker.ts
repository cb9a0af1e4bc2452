import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadConfiguration } from "../../configuration.ts";
import { open } from "../../open.ts";
import { failureOf } from "../cli/errors.ts";
import { countedBefore } from "../http/access/token-bucket.ts";
import { buildServer } from "../http/build-server.ts";
import { Leaving } from "../http/leaving.ts";
import { RequestCounts } from "../http/request-counts.ts";
import { serve } from "../http/serve.ts";
import { configuredServer } from "../http/server-options.ts";
import { type Attendance, attend } from "../schedule/attend.ts";
import { tracingOf } from "../tracing/tracing-of.ts";
import type { FromWorker, StartMessage, ToWorker } from "./messages.ts";
import { LeaseClient } from "./rate-leases.ts";
import { WriterClient } from "./writer-client.ts";
import { addWriterRoutes } from "./writer-routes.ts";

// A process of `asof serve --workers`: the one that writes, or one of those that answer.

/** How long, in milliseconds, connections of a process that stops may stay without a request. */
const LINGER = 5_000;
const COUNTS_EVERY = 500;

interface Running {
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
}

const leases = new LeaseClient(say);
let running: Promise<Running> | null = null;
let stopping: Promise<void> | null = null;

// What the user stops is the process that supervises, which then tells this one.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.on("SIGHUP", () => {});
process.on("disconnect", () => void stop());
process.on("message", (message: ToWorker) => {
  void heard(message).catch((error: unknown) => {
    say({ kind: "failed", failure: failureOf(error) });
    process.exitCode = 1;
    if (process.connected) process.disconnect();
  });
});

async function heard(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "start":
      running = message.role === "writer" ? startWriter(message) : startReader(message);
      await running;
      return;
    case "pause":
      await (await running)?.pause();
      return say({ kind: "paused" });
    case "resume":
      return (await running)?.resume();
    case "leased":
      return leases.heard(message);
    case "stop":
      return stop();
  }
}

function stop(): Promise<void> {
  return (stopping ??= (async () => {
    try {
      await (await running)?.stop();
    } catch (error) {
      say({ kind: "failed", failure: failureOf(error) });
      process.exit(1);
    }
    process.exit(0);
  })());
}

function say(message: FromWorker): void {
  if (process.connected) process.send!(message);
}

/** Told on the error output, which is the supervisor's. */
function onDamage({ message }: Error): void {
  process.stderr.write(`${message}: only what is online can be served\n`);
}

async function startWriter({ configuration: file, home, socket, version, ...told }: StartMessage): Promise<Running> {
  const { configuration } = await loadConfiguration(file);
  const logging = { logger: configuration.log ?? "error", ...told.logging };
  const store = await open({ ...configuration, home }, { whenLocked: "refuse", onDamage });
  const requests = new RequestCounts();
  let attendance: Attendance | null = null;
  const jobs = (): ReturnType<Attendance["jobs"]> => attendance?.jobs() ?? [];
  // The processes before it log requests.
  const tracing = await tracingOf(configuration, version);
  const leaving = new Leaving();
  const ending = new AbortController();
  const options = {
    ...configuredServer(configuration.server),
    version,
    requests,
    behindOthers: true,
    makeBucket: countedBefore,
    jobs,
    verify: async (minutes: number) => {
      const { verifyStore } = await import("../verify/verify-store.ts");
      return verifyStore({ store, configuration: { ...configuration, home }, minutes, signal: ending.signal });
    },
    ...(tracing && { attach: tracing.attach }),
  };
  const app = buildServer(tracing?.traced(store) ?? store, options, leaving);
  addWriterRoutes(app, store.link, requests, leaving);
  await rm(socket, { force: true });
  await app.listen({ path: socket });
  attendance = await attend(store, { ...configuration, home }, logging);
  say({ kind: "ready", url: null });
  return {
    pause: () => Promise.resolve(),
    resume: () => {},
    stop: async () => {
      ending.abort();
      await attendance.close();
      await app.close();
      await tracing?.close();
      await store.close();
    },
  };
}

async function startReader(message: StartMessage): Promise<Running> {
  const { configuration: file, home, socket, host, port, version } = message;
  const { configuration } = await loadConfiguration(file);
  const logging = { logger: configuration.log ?? "error", ...message.logging };
  const temporaryFolder = await mkdtemp(path.join(tmpdir(), "asof-reader-"));
  const client = new WriterClient(socket);
  const store = await open(
    { ...configuration, home },
    { readOnly: { temporaryFolder }, link: client, onDamage: () => {} },
  );
  const requests = new RequestCounts();
  const tracing = await tracingOf(configuration, version);
  const server = await serve(tracing?.traced(store) ?? store, {
    ...configuredServer(configuration.server),
    host,
    port,
    version,
    requests,
    forward: client.forward,
    makeBucket: leases.bucket,
    ...logging,
    ...(tracing === null ? {} : { attach: tracing.attach }),
  });
  const telling = setInterval(() => client.tellRequests(requests.take()), COUNTS_EVERY).unref();
  say({ kind: "ready", url: server.url });
  return {
    pause: () => client.pause(),
    resume: () => client.resume(),
    stop: async () => {
      await server.retire(LINGER);
      await server.close();
      await tracing?.close();
      clearInterval(telling);
      client.tellRequests(requests.take());
      await store.close();
      await client.pause();
      client.close();
      await rm(temporaryFolder, { recursive: true, force: true });
    },
  };
}
