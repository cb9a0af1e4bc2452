import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** One address behind which the server changes, as where a replica takes the place of the one that failed. */
export class Switchboard {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: number;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as { readonly port: number }).port;
    server.on("connection", (socket) => this.#join(socket, connect(this.#target, "127.0.0.1")));
  }

  static async start(target: number): Promise<Switchboard> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Switchboard(server, target);
  }

  /** Whoever connects from now on reaches another server; those who are connected are cut off. */
  to(target: number): void {
    this.#target = target;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.to(this.#target);
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(...[near, far]: readonly [Socket, Socket]): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      this.#sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
