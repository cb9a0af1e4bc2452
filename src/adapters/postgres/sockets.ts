import { connect, type Socket } from "node:net";

/** What the client knows of where the database is. */
interface Address {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path: string | false | undefined;
}

const CONNECT_MS = 10_000;

/**
 * Sockets that can be cut off. The client would end them politely, and a server that is held up in sending rows would
 * wait for ever, with its transaction and its locks, until the process ends.
 */
export class Sockets {
  private readonly open = new Set<Socket>();

  /** A connection to the first of the hosts that answers. */
  readonly connect = async ({ host, port, path }: Address): Promise<Socket> => {
    if (typeof path === "string" && path !== "") return this.opened(connect(path));
    let failure: unknown;
    for (const [i, name] of host.entries()) {
      try {
        return await this.opened(connect(port[i] ?? port[0], name));
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };

  /** Cuts off all that are open. */
  destroy(): void {
    for (const socket of this.open) socket.destroy();
  }

  private opened(socket: Socket): Promise<Socket> {
    this.open.add(socket);
    socket.once("close", () => this.open.delete(socket));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        socket.destroy(Object.assign(new Error("no answer"), { code: "CONNECT_TIMEOUT" }));
      }, CONNECT_MS);
      const refused = (error?: unknown): void => {
        clearTimeout(late);
        reject(error instanceof Error ? error : Object.assign(new Error("closed"), { code: "CONNECTION_CLOSED" }));
      };
      socket.once("error", refused);
      socket.once("close", refused);
      socket.once("connect", () => {
        clearTimeout(late);
        socket.off("error", refused);
        socket.off("close", refused);
        resolve(socket);
      });
    });
  }
}
