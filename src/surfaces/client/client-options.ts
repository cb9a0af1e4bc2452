/** The part of the platform's `fetch` that is used. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly signal: AbortSignal;
  },
) => Promise<Pick<Response, "status" | "headers" | "text">>;

/** What one call may want otherwise than the client does. */
export interface CallOptions {
  /** Milliseconds for the call as a whole, with all its attempts. Default: the client's, else 10,000. */
  readonly timeout?: number;
  /** Attempts after the first, where another can do no harm. Default: the client's, else 3. */
  readonly retries?: number;
  /** Ends the call: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface ClientOptions extends Pick<CallOptions, "timeout" | "retries"> {
  /** Where the server is: `http://127.0.0.1:2763`; a path in it stands before the server's own. */
  readonly url: string;
  /** Sent as `Authorization: Bearer …`. A function is asked before each attempt. */
  readonly apiKey?: string | (() => string | Promise<string>);
  /** More headers for each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the platform's own. */
  readonly fetch?: Fetch;
}
