import { AsofError } from "../../core/errors.ts";
import type { Store } from "../../store.ts";
import { buildServer } from "./build-server.ts";
import { isLoopback } from "./loopback.ts";
import type { ServeOptions } from "./server-options.ts";

export interface RunningServer {
  /** Where it listens, as in `http://127.0.0.1:2763`. */
  readonly url: string;
  /** Takes no more requests and resolves once those in flight are answered. The store stays open. */
  close(): Promise<void>;
}

const DEFAULT_PORT = 2763;
const DRAIN_TIMEOUT = 10_000;

/**
 * Serves a store over HTTP on this machine.
 * @throws ASOF_NOT_LOOPBACK for a host that others could reach; ASOF_LISTEN where the port cannot be had
 */
export async function serve(store: Store, options: ServeOptions = {}): Promise<RunningServer> {
  const { host = "127.0.0.1", port = DEFAULT_PORT, drainTimeout = DRAIN_TIMEOUT } = options;
  if (!isLoopback(host))
    throw new AsofError("ASOF_NOT_LOOPBACK", `the server has no credentials yet, so it does not listen on ${host}`, {
      host,
    });
  const app = buildServer(store, options);
  const bare = host.replace(/^\[|\]$/g, "");
  try {
    await app.listen({ host: bare, port });
  } catch (cause) {
    await app.close();
    const { code = "", message } = cause as NodeJS.ErrnoException;
    throw new AsofError(
      "ASOF_LISTEN",
      `cannot listen on ${host}:${port}: ${message}`,
      { host, port, reason: code },
      cause,
    );
  }
  const address = app.server.address();
  const bound = address !== null && typeof address === "object" ? address.port : port;
  return {
    url: `http://${bare.includes(":") ? `[${bare}]` : bare}:${bound}`,
    close: async () => {
      const hangUp = setTimeout(() => app.server.closeAllConnections(), drainTimeout);
      try {
        await app.close();
      } finally {
        clearTimeout(hangUp);
      }
    },
  };
}
