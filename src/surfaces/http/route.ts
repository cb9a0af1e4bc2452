import type { Definition } from "../../core/definition/data.ts";
import type { ErrorCode } from "../../core/errors.ts";
import type { WrittenText } from "../../core/result/answer-form.ts";
import type { AddedLatency } from "../../core/result/added-latency.ts";
import type { JobReport } from "../../core/result/schedule.ts";
import type { Store } from "../../store.ts";
import type { Verify } from "../verify/verify-store.ts";
import type { Access } from "./access/access.ts";
import type { Caller } from "./access/caller.ts";
import type { Body } from "./body.ts";
import type { ErrorDialect } from "./error-dialect.ts";
import type { RequestTimes } from "./live/request-times.ts";
import type { OneOfAKind } from "./one-of-a-kind.ts";
import type { RequestCounts } from "./request-counts.ts";
import type { Schema } from "./schema.ts";

/** What a route is asked. */
export interface Call {
  /** The name in the path; empty where the path has none. */
  readonly name: string;
  readonly query: Readonly<Record<string, string>>;
  /** The headers that the route declares, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
  /** Who asks. Where the request itself names what it is about, the route asks him for that. */
  readonly caller: Caller;
  /** The media types that the client would take; empty where it does not say. */
  readonly accept: string;
  /** The signal that is aborted once the answer would come too late: for work that can be interrupted. */
  readonly signal: () => AbortSignal;
}

export const JSON_TYPE = "application/json; charset=utf-8";

/** An answer that is no text. */
export interface BinaryAnswer {
  readonly type: string;
  readonly bytes: Uint8Array;
  /** Called once they are sent, or will not be. */
  readonly sent?: () => void;
}

/** An answer, and what it took, for the header `Server-Timing`. */
export interface TimedAnswer {
  readonly timing: string;
  readonly answer: Answer;
}

/** Text of the route's type, with its size where that is known, or something of another type that was accepted. */
export type Answer = string | WrittenText | BinaryAnswer | TimedAnswer;

/** What an answer held that is not sent is given back. */
export function unsent(answer: Answer): void {
  if (typeof answer === "string" || "text" in answer) return;
  if ("timing" in answer) unsent(answer.answer);
  else answer.sent?.();
}

/** The schemas of what a route takes and gives. */
export interface Shapes {
  /** Of the body, by media type; null where there is none. */
  readonly body: Readonly<Record<string, Schema>> | null;
  readonly answer: Schema;
}

/** A way into the store: what it does, and what `/openapi.json` says of it. */
export interface Route {
  readonly method: "GET" | "POST";
  /** As in OpenAPI: `/v1/events/{source}`. */
  readonly path: string;
  readonly id: string;
  /** Whom it is for. */
  readonly access: Access;
  readonly summary: string;
  /** What the path names; null where it names nothing. */
  readonly names: { readonly parameter: string; readonly kind: Definition["kind"] } | null;
  readonly query: Readonly<
    Record<string, { readonly description: string; readonly schema: Schema; readonly required?: true }>
  >;
  /** Request headers that mean something to the route, by their names in lower case. */
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: Schema }>>;
  /** For every definition of the kind that the path names. */
  readonly shapes: Shapes;
  /** For one of them: the types of its own fields. */
  readonly shapesOf?: (name: string) => Shapes;
  /** The codes it fails with, beside those that any route may. */
  readonly errors: readonly ErrorCode[];
  /** Every process that reads the store can answer it; without this, the one that writes has to. */
  readonly anywhere?: true;
  /** Is asked often, and little at a time: what is usual of it is answered past the framework. It has no dialect. */
  readonly often?: true;
  /** Does what was asked for and answers when that is done, however long it takes. */
  readonly unhurried?: true;
  /** How it tells errors, where that is not as everywhere. */
  readonly dialect?: ErrorDialect;
  /** The media type of the answer, where it is not JSON. */
  readonly type?: string;
  /** Other media types of the answer, for clients that accept them, and what these hold. */
  readonly also?: Readonly<Record<string, string>>;
  /** Answers with events, without end, in place of one text: their name, and the data of each. */
  readonly events?: { readonly name: string; readonly texts: (signal: AbortSignal) => AsyncIterable<string> };
  /** Throws an AsofError, or rejects with one. */
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

/** What routes are made of. */
export interface RouteContext {
  readonly store: Store;
  readonly maxRows: number;
  readonly requests: RequestCounts;
  readonly jobs: () => readonly JobReport[];
  readonly times: RequestTimes;
  readonly work: OneOfAKind;
  /** Null where the server was not told how. */
  readonly verify: Verify | null;
  /** Null where the server is no demo. */
  readonly demo: AddedLatency | null;
}
