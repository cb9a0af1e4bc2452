import type { Lease } from "../http/access/leased-bucket.ts";
import type { ServerOptions } from "../http/server-options.ts";
import type { Failure } from "../cli/errors.ts";

/** What a process is to be: the one that writes, or one of those that answer. */
export interface StartMessage {
  readonly kind: "start";
  readonly role: "writer" | "reader";
  /** The configuration's file. */
  readonly configuration: string;
  readonly home: string;
  /** Where the writer listens for the others: the path of a socket. */
  readonly socket: string;
  readonly host: string;
  readonly port: number;
  readonly version: string;
  /** What is logged, where that is not as the configuration says. */
  readonly logging: Pick<ServerOptions, "logger" | "logBodies">;
}

/** A process asks what it may let through of a caller's requests. */
export interface LeaseRequest {
  readonly kind: "lease";
  readonly id: number;
  readonly who: string;
  /** Requests a second. */
  readonly rate: number;
  readonly most: number;
  /** Of what it was given before. */
  readonly unused: number;
}

export interface LeaseAnswer extends Lease {
  readonly kind: "leased";
  /** The request's. */
  readonly id: number;
}

/** From the process that supervises. */
export type ToWorker =
  | StartMessage
  /** Hold back what is for the writer; what is under way is waited for. */
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | LeaseAnswer
  | { readonly kind: "stop" };

export type FromWorker =
  | { readonly kind: "ready"; readonly url: string | null }
  | { readonly kind: "paused" }
  | LeaseRequest
  | { readonly kind: "failed"; readonly failure: Failure };
