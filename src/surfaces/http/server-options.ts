import type { FastifyInstance } from "fastify";
import type { LogLevel, ServerConfiguration } from "../../configuration.ts";
import type { AddedLatency } from "../../core/result/added-latency.ts";
import type { JobReport } from "../../core/result/schedule.ts";
import { parseDuration } from "../../core/time/duration.ts";
import { MILLISECOND } from "../../core/time/timestamp.ts";
import type { Verify } from "../verify/verify-store.ts";
import type { GateOptions } from "./access/gate.ts";
import type { RequestCounts } from "./request-counts.ts";

/** A request for another process, and its answer. */
export interface ForwardedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** It brings records, which must not wait for those who read. */
  readonly brings: boolean;
}

export interface ForwardedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** @throws ASOF_CLOSED where the other process cannot be reached */
export type Forward = (request: ForwardedRequest) => Promise<ForwardedAnswer>;

/** Levels of logging, the most quiet first. */
export type { LogLevel };

export interface ServerOptions extends GateOptions {
  /**
   * What is logged, as JSON lines on standard error. Default "error": faults of the server alone. "info" or true adds
   * a line for each request; false logs nothing. No level logs a record, a request or a feature, but for `logBodies`.
   */
  readonly logger?: boolean | LogLevel;
  /** Logs the bodies of requests and answers, at level "info": records, keys and features are in them. */
  readonly logBodies?: boolean;
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
  /**
   * Milliseconds in which an answer must be there, from when its request is; else it is ASOF_DEADLINE. Routes that do
   * work which is waited for take as long as that does. Default 60 s.
   */
  readonly answerTimeout?: number;
  /** Answers what only the process that writes can, where the store of this one is open for reading. */
  readonly forward?: Forward;
  /** Where requests are counted, where others count there too. */
  readonly requests?: RequestCounts;
  /** Requests come through other processes, which count them and tell of them. */
  readonly behindOthers?: boolean;
  /** Adds what watches each request, such as traces. */
  readonly attach?: (app: FastifyInstance) => void;
  /** The scheduled jobs of this process. */
  readonly jobs?: () => readonly JobReport[];
  /** Verifies the store on samples, for so many minutes; without it the server does not offer that. */
  readonly verify?: Verify;
  /** Makes the server a demo: what is written here is what its store was opened with as `addedLatency`. */
  readonly demo?: AddedLatency;
  /** The version that `/openapi.json` names. */
  readonly version?: string;
}

/** What the configuration says of the server, as options of it. */
export function configuredServer({ timeout, ...rest }: ServerConfiguration = {}): ServeOptions {
  return timeout === undefined ? rest : { ...rest, answerTimeout: parseDuration(timeout) / MILLISECOND };
}

export const LOOPBACK = "127.0.0.1";
export const DEFAULT_PORT = 2763;

export interface ServeOptions extends ServerOptions {
  /** Default "127.0.0.1". Any but a loopback address takes credentials: an API key, or an issuer of tokens. */
  readonly host?: string;
  /** 0 takes any that is free. Default 2763: ASOF on a telephone's keys. */
  readonly port?: number;
  /** Milliseconds that `close` waits for requests in flight before it breaks their connections. Default 10 s. */
  readonly drainTimeout?: number;
}
