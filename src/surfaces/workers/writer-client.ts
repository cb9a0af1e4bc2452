import { Agent, request as send } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { serialize } from "node:v8";
import { AsofError, type ErrorCode, errorTable } from "../../core/errors.ts";
import type { StreamRecord } from "../../core/codec/record-batch.ts";
import type { Stream } from "../../core/definition/stream.ts";
import type { Answered, WriterLink } from "../../store.ts";
import type { ForwardedAnswer, ForwardedRequest } from "../http/server-options.ts";
import type { ToldRequests } from "../http/request-counts.ts";
import { LINK, OCTETS } from "./writer-routes.ts";

/** How long, in milliseconds, a writer that is not there is waited for: it may be starting. */
const PATIENCE = 10_000;
/** Headers that are about one connection, or that are written anew. */
const OWN = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "host", "date", "upgrade"]);

const WAY = { keepAlive: true, maxSockets: 64 };

/** The way to the writer over its socket. Calls that come while it is paused wait. */
export class WriterClient implements WriterLink {
  private readonly socket: string;
  /** What reads can take long, and as much of it comes as clients like: records have a way of their own. */
  private readonly agents = { brings: new Agent(WAY), reads: new Agent(WAY) };
  private underWay = 0;
  private paused: PromiseWithResolvers<void> | null = null;
  private idle: (() => void)[] = [];
  /** Appends go one after another, so that the log has them in the order of the calls. */
  private appending: Promise<unknown> = Promise.resolve();

  constructor(socket: string) {
    this.socket = socket;
  }

  forward = ({ method, url, headers, body, brings }: ForwardedRequest): Promise<ForwardedAnswer> =>
    this.call(brings ? this.agents.brings : this.agents.reads, method, url, without(headers), Buffer.from(body));

  append(stream: Pick<Stream, "name" | "schema">, records: readonly StreamRecord[]): Promise<void> {
    const { name, schema } = stream;
    const body = serialize({ stream: { name, schema }, records });
    const appended = this.appending.then(() => this.post(LINK.append, body));
    this.appending = appended.catch(() => {});
    return appended;
  }

  tell(answered: Answered): void {
    this.post(LINK.answered, serialize(answered)).catch(() => {});
  }

  tellRequests(told: ToldRequests | null): void {
    if (told !== null) this.post(LINK.requests, serialize(told)).catch(() => {});
  }

  /** Holds calls back; resolves once none is under way. */
  async pause(): Promise<void> {
    this.paused ??= Promise.withResolvers();
    if (this.underWay > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  resume(): void {
    this.paused?.resolve();
    this.paused = null;
  }

  close(): void {
    this.resume();
    for (const agent of Object.values(this.agents)) agent.destroy();
  }

  private async post(path: string, body: Buffer): Promise<void> {
    const answer = await this.call(this.agents.brings, "POST", path, { "content-type": OCTETS }, body);
    if (answer.status !== 200) throw errorOf(answer);
  }

  private async call(
    agent: Agent,
    method: string,
    path: string,
    headers: ForwardedRequest["headers"],
    body: Buffer,
  ): Promise<ForwardedAnswer> {
    const until = performance.now() + PATIENCE;
    for (;;) {
      while (this.paused !== null) await this.paused.promise;
      this.underWay++;
      try {
        return await this.once(agent, method, path, headers, body);
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        // Nothing was sent where there is no connection: any other request may have been carried out.
        const unsent = code === "ENOENT" || code === "ECONNREFUSED";
        if (!unsent || performance.now() > until)
          throw new AsofError(
            "ASOF_CLOSED",
            `the process that writes does not answer`,
            { reason: code ?? null },
            cause,
          );
      } finally {
        if (--this.underWay === 0) for (const resolve of this.idle.splice(0)) resolve();
      }
      await wait(25);
    }
  }

  private once(
    agent: Agent,
    method: string,
    path: string,
    headers: ForwardedRequest["headers"],
    body: Buffer,
  ): Promise<ForwardedAnswer> {
    return new Promise((resolve, reject) => {
      const length = body.length > 0 || method === "POST" ? { "content-length": String(body.length) } : {};
      const sent = send(
        {
          socketPath: this.socket,
          agent,
          method,
          path,
          headers: { ...headers, ...length, host: "localhost" },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("error", reject);
          answer.on("end", () =>
            resolve({
              status: answer.statusCode ?? 500,
              headers: without(answer.headers),
              body: Buffer.concat(chunks),
            }),
          );
        },
      );
      sent.on("error", reject);
      sent.end(body);
    });
  }
}

function without(headers: ForwardedRequest["headers"]): ForwardedRequest["headers"] {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => value !== undefined && !OWN.has(name.toLowerCase())),
  );
}

function errorOf({ body }: ForwardedAnswer): AsofError {
  try {
    const { error } = JSON.parse(body.toString()) as { error: { code: ErrorCode; message: string } };
    if (Object.hasOwn(errorTable, error.code)) return new AsofError(error.code, error.message);
  } catch {
    // What it said is of no help.
  }
  return new AsofError("ASOF_CLOSED", "the process that writes answers with nothing that can be read");
}
