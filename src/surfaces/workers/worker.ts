import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadConfiguration } from "../../configuration.ts";
import { open } from "../../open.ts";
import { failureOf } from "../cli/errors.ts";
import { buildServer } from "../http/build-server.ts";
import { Leaving } from "../http/leaving.ts";
import { RequestCounts } from "../http/request-counts.ts";
import { serve } from "../http/serve.ts";
import type { FromWorker, StartMessage, ToWorker } from "./messages.ts";
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

async function startWriter({ configuration: file, home, socket, version }: StartMessage): Promise<Running> {
  const { configuration } = await loadConfiguration(file);
  const store = await open({ ...configuration, home }, { whenLocked: "refuse" });
  const requests = new RequestCounts();
  const leaving = new Leaving();
  const app = buildServer(store, { ...configuration.server, version, requests }, leaving);
  addWriterRoutes(app, store.link, requests, leaving);
  await rm(socket, { force: true });
  await app.listen({ path: socket });
  say({ kind: "ready", url: null });
  return {
    pause: () => Promise.resolve(),
    resume: () => {},
    stop: async () => {
      await app.close();
      await store.close();
    },
  };
}

async function startReader({ configuration: file, home, socket, host, port, version }: StartMessage): Promise<Running> {
  const { configuration } = await loadConfiguration(file);
  const temporaryFolder = await mkdtemp(path.join(tmpdir(), "asof-reader-"));
  const client = new WriterClient(socket);
  const store = await open({ ...configuration, home }, { readOnly: { temporaryFolder }, link: client });
  const requests = new RequestCounts();
  const server = await serve(store, {
    ...configuration.server,
    host,
    port,
    version,
    requests,
    forward: client.forward,
  });
  const telling = setInterval(() => client.tellRequests(requests.take()), COUNTS_EVERY).unref();
  say({ kind: "ready", url: server.url });
  return {
    pause: () => client.pause(),
    resume: () => client.resume(),
    stop: async () => {
      await server.retire(LINGER);
      await server.close();
      clearInterval(telling);
      client.tellRequests(requests.take());
      await store.close();
      await client.pause();
      client.close();
      await rm(temporaryFolder, { recursive: true, force: true });
    },
  };
}
