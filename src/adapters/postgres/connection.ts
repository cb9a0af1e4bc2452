import { Socket } from "node:net";
import pg from "pg";

const CONNECT_MS = 10_000;
/** For how long the client may say itself what became of a connection that has closed. */
const GRACE_MS = 1_000;

/** Text is read back as it is written here. */
const SETTINGS = `
  SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET extra_float_digits = 1;
  SET standard_conforming_strings = on; SET client_encoding = 'UTF8'`;

/**
 * A connection that can be cut off, and whose end is told: ended politely, a server that is held up in sending rows would
 * wait for ever, with its transaction and its locks, until this process ends.
 */
export class Connection {
  readonly client: pg.Client;
  private readonly socket = new Socket();
  private readonly over = new AbortController();
  /** Fires once it is cut off or lost. */
  readonly ended: AbortSignal = this.over.signal;

  /** Without an address, PGHOST, PGDATABASE and their like say where the database is. @throws ERR_INVALID_URL */
  constructor(url: string | null) {
    this.client = new pg.Client({
      ...(url === null ? {} : { connectionString: url }),
      application_name: "asof",
      connectionTimeoutMillis: CONNECT_MS,
      stream: () => this.socket,
    });
    // Whoever waits for an answer hears of it as well.
    this.client.on("error", () => {});
    this.socket.once("close", () => void setTimeout(() => this.over.abort(), GRACE_MS).unref());
  }

  async open(): Promise<void> {
    await this.client.connect();
    await this.client.query(SETTINGS);
  }

  cut(): void {
    this.over.abort();
    this.socket.destroy();
  }

  /** Does work until it is done or the connection has ended. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const lost = (): void => reject(Object.assign(new Error("closed"), { code: "CONNECTION_CLOSED" }));
    this.ended.addEventListener("abort", lost);
    try {
      const working = work();
      working.catch(() => {});
      return await Promise.race([working, promise]);
    } finally {
      this.ended.removeEventListener("abort", lost);
    }
  }
}
