import { Server } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { AsofError } from "../../core/errors.ts";
import type { Store } from "../../store.ts";
import { hasCredentials } from "./access/gate.ts";
import { buildServer } from "./build-server.ts";
import { Leaving } from "./leaving.ts";
import { isLoopback } from "./loopback.ts";
import { DEFAULT_PORT, LOOPBACK, type ServeOptions } from "./server-options.ts";

export interface RunningServer {
  /** Where it listens, as in `http://127.0.0.1:2763`. */
  readonly url: string;
  /**
   * Takes no more connections, and lets those that are open end with the next answer, or after `milliseconds` without
   * one: no request fails where others listen at the same port.
   */
  retire(milliseconds: number): Promise<void>;
  /** Takes no more requests and resolves once those in flight are answered. The store stays open. */
  close(): Promise<void>;
}

const DRAIN_TIMEOUT = 10_000;

/**
 * Serves a store over HTTP: on this machine, unless there are credentials and it is told otherwise.
 * @throws ASOF_NOT_LOOPBACK for a host that others could reach; ASOF_LISTEN where the port cannot be had
 */
export async function serve(store: Store, options: ServeOptions = {}): Promise<RunningServer> {
  const { host = LOOPBACK, port = DEFAULT_PORT, drainTimeout = DRAIN_TIMEOUT } = options;
  const isOpen = !isLoopback(host);
  if (isOpen && !(await hasCredentials(store, options)))
    throw new AsofError("ASOF_NOT_LOOPBACK", `there are no credentials, so the server does not listen on ${host}`, {
      host,
    });
  const leaving = new Leaving();
  const app = buildServer(store, isOpen ? { ...options, requireCredentials: true } : options, leaving);
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
    retire: async (milliseconds) => {
      leaving.retire();
      // The server's own `close` would break connections on which a request may be under way to it.
      Server.prototype.close.call(app.server);
      const until = performance.now() + milliseconds;
      while (performance.now() < until && (await connectionsOf(app.server)) > 0) await wait(20);
    },
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

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );
}
