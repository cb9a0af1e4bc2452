import type { IncomingMessage, ServerResponse } from "node:http";
import { anonymous, type Caller } from "./access/caller.ts";
import type { Gate } from "./access/gate.ts";
import { type Answered, mustBeAddressed } from "./access/guard.ts";
import type { Admission } from "./admission.ts";
import type { AnswerDeadlines } from "./answer-deadline.ts";
import { type Body, readBody } from "./body.ts";
import type { ErrorAnswer } from "./error-answer.ts";
import type { Leaving } from "./leaving.ts";
import { readHeaders } from "./read-headers.ts";
import { type Answer, JSON_TYPE, type Route, unsent } from "./route.ts";

/** The largest body in bytes: what all connections hold of such while they come in is less than they are themselves. */
const SMALL = 16_384;
const TYPES: ReadonlySet<string | undefined> = new Set(["application/json", JSON_TYPE]);
const NAME = /^[\w-]+$/;

interface Parts {
  /** Those that are asked often, and answered by this process. */
  readonly routes: readonly Route[];
  readonly answeredOf: (route: Route) => Answered;
  readonly gate: Gate;
  readonly leaving: Leaving;
  readonly admission: Admission;
  readonly deadlines: AnswerDeadlines;
  readonly nextId: () => string;
  /** What a client is told of an error, which is noted. */
  readonly tell: (error: Error, requestId: string) => ErrorAnswer;
}

/**
 * Answers small requests to the routes that are asked often, past the framework, whose own work for one is a fifth of
 * what it takes. By the same gate and the same handlers, so that it answers the same. What is not as usual of a request
 * (its path or its headers, a large body, a server that is about to end) is left to the framework: false.
 */
export function directRequests({ routes, answeredOf, ...parts }: Parts): typeof answers {
  const { gate, leaving, admission, deadlines, nextId, tell } = parts;
  /** By their paths, up to the name. */
  const known = new Map(routes.map((route) => [beforeName(route), { route, answered: answeredOf(route) }]));

  function answers(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, url = "", headers } = request;
    const size = Number(headers["content-length"]);
    if (method !== "POST" || !(size > 0 && size <= SMALL) || !TYPES.has(headers["content-type"])) return false;
    if (headers["content-encoding"] !== undefined || leaving.isTold) return false;
    const end = url.lastIndexOf("/") + 1;
    const found = known.get(url.slice(0, end));
    const name = url.slice(end);
    if (found === undefined || !NAME.test(name)) return false;
    const arrived = performance.now();
    if (gate.look(arrived) !== null) return false;

    const { route, answered } = found;
    let body: Body | undefined;
    let held = 0;
    let id: string | null = null;
    const idOf = (): string => (id ??= nextId());
    const done = (): void => {
      admission.leave(held);
      // Who has gone away got no answer.
      if (response.destroyed) return;
      const now = performance.now();
      answered(request, response.statusCode, name, body, now, now - arrived);
    };
    const send = (answer: Answer): void => {
      write(response, route.type ?? JSON_TYPE, answer, leaving.isTold);
      done();
    };
    const fail = (error: unknown): void => {
      const { status, headers: given, body: text } = tell(error as Error, idOf());
      const ending = leaving.isTold ? { connection: "close" } : {};
      response.writeHead(status, { ...given, ...ending, "content-length": Buffer.byteLength(text) });
      response.end(text);
      done();
    };
    const refuse = (caller: Caller, error: unknown): void => {
      gate.refused(caller, route, error);
      fail(error);
    };
    const handle = (caller: Caller, bytes: Buffer): void => {
      try {
        held = admission.admit(headers["content-length"], undefined);
        body = readBody("json", bytes, "", undefined);
        const deadline = deadlines.begin();
        const call = {
          name,
          query: NOTHING,
          headers: route.headers === undefined ? NOTHING : readHeaders(route, headers),
          body,
          accept: headers.accept ?? "",
          caller,
          signal: deadline.signal,
        };
        const answer = gate.handle(route, call, gate.isClosed ? idOf() : "");
        if (answer instanceof Promise) deadline.await(answer, send, fail, unsent);
        else send(answer);
      } catch (error) {
        fail(error);
      }
    };
    const enter = (caller: Caller): void => {
      try {
        gate.allow(caller, route, name);
      } catch (error) {
        return refuse(caller, error);
      }
      let bytes: Buffer | null = null;
      request.on("data", (chunk: Buffer) => {
        bytes = bytes === null ? chunk : Buffer.concat([bytes, chunk]);
        if (bytes.length === size) handle(caller, bytes);
      });
    };
    try {
      mustBeAddressed(gate, headers);
      const caller = gate.identify(route.access, headers);
      if (caller instanceof Promise) caller.then(enter, (error: unknown) => refuse(anonymous, error));
      else enter(caller);
    } catch (error) {
      refuse(anonymous, error);
    }
    return true;
  }

  return answers;
}

const NOTHING: Readonly<Record<string, string>> = {};

function beforeName({ path, names }: Route): string {
  return path.slice(0, path.indexOf(`{${names!.parameter}}`));
}

function write(response: ServerResponse, type: string, answer: Answer, isLast: boolean): void {
  if (typeof answer === "string") {
    begin(response, type, Buffer.byteLength(answer), isLast);
    response.end(answer);
  } else if ("text" in answer) {
    const { text, bytes } = answer;
    begin(response, type, bytes, isLast);
    // As bytes of one kind where it can be: that takes no second look at it.
    response.end(text, text.length === bytes ? "latin1" : "utf8");
  } else if ("timing" in answer) {
    response.setHeader("server-timing", answer.timing);
    write(response, type, answer.answer, isLast);
  } else {
    if (answer.sent !== undefined) response.on("close", answer.sent);
    begin(response, answer.type, answer.bytes.length, isLast);
    response.end(answer.bytes);
  }
}

function begin(response: ServerResponse, type: string, bytes: number, isLast: boolean): void {
  const headers = { "content-type": type, "content-length": bytes };
  response.writeHead(200, isLast ? { ...headers, connection: "close" } : headers);
}
