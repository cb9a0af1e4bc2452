import { InvalidArgumentError } from "commander";
import { facts } from "../table.ts";
import { version } from "../version.ts";
import { examples, type Verb } from "../verb.ts";
import type { Invocation } from "../invocation.ts";
import { DEFAULT_PORT, LOOPBACK } from "../../http/server-options.ts";

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
      action(async (run, { workers, ...options }: { host?: string; port?: number; workers?: number }) => {
        const { signal } = run.io;
        if (workers !== undefined) return serveWithWorkers(run, workers, options);
        await run.withStore(async (store, { configuration }) => {
          const { serve } = await import("../../http/serve.ts");
          const server = await serve(store, { version: version(), ...configuration.server, ...options });
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
          await server.close();
        }, "refuse");
        run.note("stopped");
      }),
    );
};

async function serveWithWorkers(
  run: Invocation,
  workers: number,
  options: { readonly host?: string; readonly port?: number },
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

function workersOption(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError("Give a whole number from 1 to 99.");
  return Number(text);
}

function portOption(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("Ports are whole numbers from 0 to 65535.");
  return Number(text);
}
