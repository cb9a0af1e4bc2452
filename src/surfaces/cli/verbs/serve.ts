import { InvalidArgumentError } from "commander";
import { facts } from "../table.ts";
import { version } from "../version.ts";
import { examples, type Verb } from "../verb.ts";

export const serveVerb: Verb = (program, action) => {
  program
    .command("serve")
    .summary("serve events, features and predictions over HTTP")
    .description(
      "Runs the HTTP server until it is told to stop: SIGINT or SIGTERM let requests that came in be answered, write " +
        "what was accepted to disk, and close the store.",
    )
    .option("--host <host>", "the loopback address to listen on (default: the configuration's, else 127.0.0.1)")
    .option("--port <port>", "the port, 0 for a free one (default: the configuration's, else 2763)", portOption)
    .addHelpText(
      "after",
      examples(
        ["asof serve", "for programs on this machine"],
        ["asof serve --port 0 --json", "on any free port; the document says which"],
      ),
    )
    .action(
      action(async (run, options: { host?: string; port?: number }) => {
        const { signal } = run.io;
        await run.withStore(async (store, { configuration }) => {
          const { serve } = await import("../../http/serve.ts");
          const { host, port } = { ...configuration.server, ...options };
          const server = await serve(store, {
            version: version(),
            ...(host === undefined ? {} : { host }),
            ...(port === undefined ? {} : { port }),
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
          await server.close();
        }, "refuse");
        run.note("stopped");
      }),
    );
};

function portOption(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("Ports are whole numbers from 0 to 65535.");
  return Number(text);
}
