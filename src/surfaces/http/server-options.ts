/** Levels of logging, the most quiet first. */
export type LogLevel = "silent" | "fatal" | "error" | "warn" | "info" | "debug" | "trace";

export interface ServerOptions {
  /**
   * What is logged, as JSON lines on standard error. Default "error": faults of the server alone. "info" or true adds
   * a line for each request; false logs nothing. No level logs a record, a request or a feature.
   */
  readonly logger?: boolean | LogLevel;
  /** Where log lines go instead of standard error. */
  readonly logStream?: { write(line: string): void };
  /** Bytes of the largest body. Default 10 MiB. */
  readonly bodyLimit?: number;
  /** Bytes of all bodies being worked on; beyond, requests are answered ASOF_BUSY. Default 256 MiB. */
  readonly bodiesLimit?: number;
  /** Bytes of a request's headers. Default 16 KiB. */
  readonly headersLimit?: number;
  /** Rows of one request for features or predictions. Default 1000. */
  readonly maxRows?: number;
  /** Connections at once; more are closed unanswered. Default 1024. */
  readonly maxConnections?: number;
  /** Milliseconds in which a request must have arrived, whole. Default 30 s. */
  readonly requestTimeout?: number;
  /** The version that `/openapi.json` names. */
  readonly version?: string;
}

export interface ServeOptions extends ServerOptions {
  /** A loopback address or "localhost". Default "127.0.0.1". */
  readonly host?: string;
  /** 0 takes any that is free. Default 2763: ASOF on a telephone's keys. */
  readonly port?: number;
  /** Milliseconds that `close` waits for requests in flight before it breaks their connections. Default 10 s. */
  readonly drainTimeout?: number;
}
