import { answeredError, ClientError } from "./client-error.ts";
import type { CallOptions, ClientOptions, Fetch } from "./client-options.ts";
import { delayOf, isRetryable, type Repeat, retryAfterOf } from "./retry.ts";

const TIMEOUT = 10_000;
const RETRIES = 3;

/** A request to the server. */
export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path, with its names escaped. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly repeat: Repeat;
}

/** Sends requests, again where that may help, and gives what they are answered with. */
export class Transport {
  private readonly options: ClientOptions;
  private readonly base: string;
  private readonly fetch: Fetch;

  constructor(options: ClientOptions) {
    this.options = options;
    this.base = options.url.replace(/\/+$/, "");
    // Called as a function of its own: browsers refuse it as a method of anything else.
    this.fetch = options.fetch ?? ((url, init) => fetch(url, init));
  }

  /**
   * The text of the answer.
   * @throws ClientError with the server's code; ASOF_UNREACHABLE, ASOF_ANSWER, ASOF_DEADLINE; the reason of a signal
   */
  async send(call: Call, { signal, ...given }: CallOptions = {}): Promise<string> {
    const { timeout = this.options.timeout ?? TIMEOUT, retries = this.options.retries ?? RETRIES } = given;
    const until = performance.now() + timeout;
    const deadline = AbortSignal.timeout(timeout);
    const ends = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      let refused: Refused;
      try {
        const answer = await this.once(call, ends);
        if (typeof answer === "string") return answer;
        refused = answer;
      } catch (cause) {
        signal?.throwIfAborted();
        if (deadline.aborted) throw late(call, timeout, attempt, cause);
        if (cause instanceof ClientError) throw cause;
        refused = { error: unreachable(this.base, cause), retryAfter: null };
      }
      const { error, retryAfter } = refused;
      if (attempt > retries || !isRetryable(error, call.repeat)) throw error;
      const delay = delayOf(attempt, retryAfter, Math.random);
      // What is to come after the deadline need not be waited for.
      if (performance.now() + delay >= until) throw error;
      await wait(delay, signal);
    }
  }

  private async once(call: Call, signal: AbortSignal): Promise<string | Refused> {
    const { method, path, query = {}, body } = call;
    const asked = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
    );
    const response = await this.fetch(`${this.base}${path}${asked.length === 0 ? "" : `?${asked.join("&")}`}`, {
      method,
      headers: await this.headersOf(call),
      signal,
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    if (response.status >= 200 && response.status < 300) return text;
    return {
      error: answeredError(response.status, text),
      retryAfter: retryAfterOf(response.headers.get("retry-after"), Date.now()),
    };
  }

  private async headersOf({ headers = {}, body }: Call): Promise<Record<string, string>> {
    const { apiKey, headers: always = {} } = this.options;
    const all: Record<string, string> = { accept: "application/json", ...always };
    if (body !== undefined) all["content-type"] = "application/json";
    if (apiKey !== undefined) all["authorization"] = `Bearer ${typeof apiKey === "string" ? apiKey : await apiKey()}`;
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) all[name] = value;
    return all;
  }
}

/** An answer that is no success. */
interface Refused {
  readonly error: ClientError;
  readonly retryAfter: number | null;
}

function late({ method, path }: Call, timeout: number, attempts: number, cause: unknown): ClientError {
  return new ClientError("ASOF_DEADLINE", `${method} ${path} was not answered within ${timeout} ms`, {
    details: { timeout, attempts },
    cause,
  });
}

function unreachable(url: string, cause: unknown): ClientError {
  return new ClientError("ASOF_UNREACHABLE", `${url} cannot be reached`, { details: { url }, cause });
}

function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
