import { InvalidArgumentError } from "commander";
import { AsofError } from "../../../core/errors.ts";
import { facts } from "../table.ts";
import { version } from "../version.ts";
import { examples, type Verb } from "../verb.ts";
import type { Invocation } from "../invocation.ts";
import {
  configuredServer,
  DEFAULT_PORT,
  LOOPBACK,
  type LogLevel,
  type ServerOptions,
} from "../../http/server-options.ts";
import type { Attendance } from "../../schedule/attend.ts";
import { tracingOf } from "../../tracing/tracing-of.ts";

export const serveVerb: Verb = (program, action) => {
  program
    .command("serve")
    .summary("serve events, features and predictions over HTTP")
    .description(
      "Runs the HTTP server until it is told to stop: SIGINT or SIGTERM let requests that came in be answered, write " +
        "what was accepted to disk, and close the store. It listens on other addresses than this machine's own once " +
        "there are credentials: `asof keys create`, or `server.oidc` in the configuration.",
    )
    .option("--host <host>", "the address to listen on (default: the configuration's, else 127.0.0.1)")
    .option("--port <port>", "the port, 0 for a free one (default: the configuration's, else 2763)", portOption)
    .option(
      "--workers <count>",
      "processes that answer, beside one that writes (default: one process does both)",
      workersOption,
    )
    .option(
      "--log <level>",
      `what is logged on stderr, as JSON lines: ${logLevels.join(", ")} (default: the configuration's, else error)`,
      logOption,
    )
    .option("--demo", "let who administers the store slow its online store down, to see what waits for it")
    .option("--log-bodies", "log what is asked and answered as well, values and all; takes the level info")
    .addHelpText(
      "after",
      examples(
        ["asof serve", "for programs on this machine"],
        ["asof serve --port 0 --json", "on any free port; the document says which"],
        ["asof serve --host 0.0.0.0", "for other machines: once there is a key, or an issuer of tokens"],
        ["asof serve --workers 4", "with four processes that answer; SIGHUP takes up other definitions"],
      ),
    )
    .action(
      action(async (run, { workers, log, logBodies = false, demo = false, ...options }: ServeFlags) => {
        const { signal } = run.io;
        const logged = { ...(log === undefined ? {} : { logger: log }), logBodies };
        if (demo && workers !== undefined)
          throw new AsofError("ASOF_USAGE", "a demo is one process: leave out --workers, or --demo");
        const addedLatency = { milliseconds: 0 };
        if (workers !== undefined) return serveWithWorkers(run, workers, options, logged);
        await run.withStore(
          async (store, { configuration }) => {
            const { serve } = await import("../../http/serve.ts");
            const { attend } = await import("../../schedule/attend.ts");
            const { host, port } = { ...configuration.server, ...options };
            const logging = { logger: configuration.log ?? "error", ...logged };
            let attendance: Attendance | null = null;
            const tracing = await tracingOf(configuration, version());
            const server = await serve(tracing?.traced(store) ?? store, {
              ...configuredServer(configuration.server),
              version: version(),
              ...logging,
              ...(tracing === null ? {} : { attach: tracing.attach }),
              jobs: () => attendance?.jobs() ?? [],
              verify: async (minutes) => {
                const { verifyStore } = await import("../../verify/verify-store.ts");
                return verifyStore({ store, configuration, minutes, signal });
              },
              ...(demo && { demo: addedLatency }),
              ...(host === undefined ? {} : { host }),
              ...(port === undefined ? {} : { port }),
            });
            attendance = await attend(store, configuration, logging).catch(async (error: unknown) => {
              await server.close();
              throw error;
            });
            run.print({
              json: { url: server.url, home: configuration.home, pid: process.pid },
              text: (style) =>
                facts(
                  [
                    ["listening on", server.url],
                    ["API", `${server.url}/openapi.json`],
                    ["home", configuration.home],
                  ],
                  style,
                ),
            });
            await new Promise<void>((resolve) => {
              if (signal.aborted) resolve();
              else signal.addEventListener("abort", () => resolve(), { once: true });
            });
            await attendance.close();
            await server.close();
            await tracing?.close();
          },
          { whenLocked: "refuse", ...(demo && { addedLatency }) },
        );
        run.note("stopped");
      }),
    );
};

async function serveWithWorkers(
  run: Invocation,
  workers: number,
  options: { readonly host?: string; readonly port?: number },
  logging: Pick<ServerOptions, "logger" | "logBodies">,
): Promise<void> {
  const { configuration, file } = await run.configuration();
  const { host = LOOPBACK, port = DEFAULT_PORT } = { ...configuration.server, ...options };
  const { supervise } = await import("../../workers/supervisor.ts");
  const { home } = configuration;
  await supervise({
    configuration: file,
    home,
    workers,
    host,
    port,
    version: version(),
    logging,
    signal: run.io.signal,
    note: (text) => run.note(text),
    onReady: ({ url, writer, workers }) =>
      run.print({
        json: { url, home, pid: process.pid, writer, workers },
        text: (style) =>
          facts(
            [
              ["listening on", url],
              ["API", `${url}/openapi.json`],
              ["home", home],
              ["processes", `${workers.length} that answer, and one that writes`],
            ],
            style,
          ),
      }),
  });
  run.note("stopped");
}

const logLevels = ["silent", "fatal", "error", "warn", "info", "debug", "trace"] as const;

interface ServeFlags {
  readonly host?: string;
  readonly port?: number;
  readonly workers?: number;
  readonly log?: LogLevel;
  readonly logBodies?: boolean;
  readonly demo?: boolean;
}

function logOption(text: string): LogLevel {
  const level = logLevels.find((one) => one === text);
  if (level === undefined) throw new InvalidArgumentError(`Levels are ${logLevels.join(", ")}.`);
  return level;
}

function workersOption(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError("Give a whole number from 1 to 99.");
  return Number(text);
}

function portOption(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("Ports are whole numbers from 0 to 65535.");
  return Number(text);
}
