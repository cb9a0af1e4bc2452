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

/** From the process that supervises. */
export type ToWorker =
  | StartMessage
  /** Hold back what is for the writer; what is under way is waited for. */
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "stop" };

export type FromWorker =
  | { readonly kind: "ready"; readonly url: string | null }
  | { readonly kind: "paused" }
  | { readonly kind: "failed"; readonly failure: Failure };
