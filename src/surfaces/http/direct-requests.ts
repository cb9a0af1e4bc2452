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
const PLAIN_JSON = "application/json";
/** Longer ones are no names to the framework. */
const NAME = /^[\w-]{1,100}$/;

interface Parts {
  /** Those that are asked often, and answered by this process. */
  readonly routes: readonly Route[];
  readonly answeredOf: (route: Route) => Answered;
  /** The largest body that is read at all, in bytes. */
  readonly bodyLimit: number;
  readonly gate: Gate;
  readonly leaving: Leaving;
  readonly admission: Admission;
  readonly deadlines: AnswerDeadlines;
  readonly nextId: () => string;
  /** What a client is told of an error, which is noted. */
  readonly tell: (error: Error, requestId: string) => ErrorAnswer;
}

/** Where a request goes. */
interface Way {
  /** Its path, up to the name. */
  readonly path: string;
  readonly route: Route;
  readonly answered: Answered;
}

/**
 * Answers small requests to the routes that are asked often, past the framework, whose own work is much of what one
 * takes. By the same gate and the same handlers, so that it answers the same. What is not as usual of a request
 * (its path or its headers, a large body, a server that is about to end) is left to the framework: false.
 */
export function directRequests(parts: Parts): (request: IncomingMessage, response: ServerResponse) => boolean {
  const { gate, leaving, routes, answeredOf, bodyLimit } = parts;
  const largest = Math.min(SMALL, bodyLimit);
  const ways = routes.map((route): Way => ({ path: beforeName(route), route, answered: answeredOf(route) }));
  return (request, response) => {
    const { method, url = "", headers } = request;
    const way = ways.find(({ path }) => url.startsWith(path));
    if (way === undefined || method !== "POST" || leaving.isTold) return false;
    const { "content-type": type, "content-length": length, "content-encoding": encoding } = headers;
    const size = Number(length);
    if (!(size > 0 && size <= largest) || encoding !== undefined) return false;
    if (type !== PLAIN_JSON && type !== JSON_TYPE) return false;
    const name = url.slice(way.path.length);
    if (!NAME.test(name)) return false;
    const arrived = performance.now();
    if (gate.look(arrived) !== null) return false;
    new DirectRequest(parts, way, request, response, name, arrived).enter(size);
    return true;
  };
}

/** One request, from its headers to its answer. */
class DirectRequest {
  private readonly parts: Parts;
  private readonly way: Way;
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private readonly name: string;
  private readonly arrived: number;
  private bytes: Buffer | null = null;
  private body: Body | undefined = undefined;
  private held = 0;
  private id: string | null = null;

  constructor(
    parts: Parts,
    way: Way,
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    arrived: number,
  ) {
    this.parts = parts;
    this.way = way;
    this.request = request;
    this.response = response;
    this.name = name;
    this.arrived = arrived;
  }

  /** Lets it in, or refuses it, and reads its body of so many bytes. */
  enter(size: number): void {
    const { gate } = this.parts;
    const { headers } = this.request;
    try {
      mustBeAddressed(gate, headers);
      const caller = gate.identify(this.way.route.access, headers);
      if (!(caller instanceof Promise)) return this.read(caller, size);
      caller.then(
        (known) => this.read(known, size),
        (error: unknown) => this.refuse(anonymous, error),
      );
    } catch (error) {
      this.refuse(anonymous, error);
    }
  }

  private read(caller: Caller, size: number): void {
    try {
      this.parts.gate.allow(caller, this.way.route, this.name);
    } catch (error) {
      return this.refuse(caller, error);
    }
    this.request.on("data", (chunk: Buffer) => {
      this.bytes = this.bytes === null ? chunk : Buffer.concat([this.bytes, chunk]);
      if (this.bytes.length === size) this.handle(caller, this.bytes);
    });
  }

  private handle(caller: Caller, bytes: Buffer): void {
    const { gate, admission, deadlines } = this.parts;
    const { route } = this.way;
    const { headers } = this.request;
    try {
      this.held = admission.admit(headers["content-length"], undefined);
      this.body = readBody("json", bytes, "", undefined);
      const deadline = deadlines.begin();
      const call = {
        name: this.name,
        query: NOTHING,
        headers: route.headers === undefined ? NOTHING : readHeaders(route, headers),
        body: this.body,
        accept: headers.accept ?? "",
        caller,
        signal: deadline.signal,
      };
      const answer = gate.handle(route, call, gate.isClosed ? this.idOf() : "");
      if (!(answer instanceof Promise)) return this.send(answer);
      deadline.await(
        answer,
        (found) => this.send(found),
        (error) => this.fail(error),
        unsent,
      );
    } catch (error) {
      this.fail(error);
    }
  }

  private send(answer: Answer): void {
    write(this.response, this.way.route.type ?? JSON_TYPE, answer, this.parts.leaving.isTold);
    this.done();
  }

  private refuse(caller: Caller, error: unknown): void {
    this.parts.gate.refused(caller, this.way.route, error);
    this.fail(error);
  }

  private fail(error: unknown): void {
    const { status, headers, body } = this.parts.tell(error as Error, this.idOf());
    const ending = this.parts.leaving.isTold ? { connection: "close" } : {};
    this.response.writeHead(status, { ...headers, ...ending, "content-length": Buffer.byteLength(body) });
    this.response.end(body);
    this.done();
  }

  private done(): void {
    this.parts.admission.leave(this.held);
    // Who has gone away got no answer.
    if (this.response.destroyed) return;
    const now = performance.now();
    const { statusCode } = this.response;
    this.way.answered(this.request, statusCode, this.name, this.body, now, now - this.arrived);
  }

  private idOf(): string {
    return (this.id ??= this.parts.nextId());
  }
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
