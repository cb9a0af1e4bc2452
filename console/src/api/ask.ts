import { answeredError, ClientError } from "../../../src/surfaces/client/client-error.ts";
import { Transport } from "../../../src/surfaces/client/transport.ts";
import { writeBody } from "../../../src/surfaces/client/values.ts";
import { signedInKey } from "./key.ts";
import { turnedAway } from "./turned-away.ts";

/** Milliseconds for a question: history is read for some of them. */
const TIMEOUT = 60_000;

/** What is refused is shown at once, and asked again by whoever shows it. */
const transport = new Transport({ url: location.origin, timeout: TIMEOUT, retries: 0 });

export interface Ask {
  readonly method?: "GET" | "POST";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Milliseconds, for what takes long. */
  readonly timeout?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the one that the person signed in with. */
  readonly key?: string;
}

/** Asks the server: a body makes it a POST. @throws ClientError */
export async function ask<T>(path: string, options: Ask = {}): Promise<T> {
  return parse(await askText(path, options)) as T;
}

/** The answer, and what the server says that it took, in the header `Server-Timing`. @throws ClientError */
export async function askTimed(path: string, body: unknown): Promise<{ answer: unknown; timing: string | null }> {
  let timing: string | null = null;
  const timed = new Transport({
    url: location.origin,
    timeout: TIMEOUT,
    retries: 0,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      timing = response.headers.get("server-timing");
      return response;
    },
  });
  const answer = parse(await askText(path, { body }, timed));
  return { answer, timing };
}

async function askText(path: string, options: Ask, by = transport): Promise<string> {
  const { body, method = body === undefined ? "GET" : "POST", signal, timeout, headers, key = signedInKey() } = options;
  const call = {
    method,
    path,
    headers: { ...headers, ...authorization(key) },
    repeat: "once",
    ...(body !== undefined && { body: writeBody(body) }),
  } as const;
  try {
    return await by.send(call, { ...(signal && { signal }), ...(timeout !== undefined && { timeout }) });
  } catch (error) {
    if (error instanceof ClientError && options.key === undefined) turnedAway(error, key);
    throw error;
  }
}

/** Tells the server something that outlives the page, and asks for no answer. */
export function tell(path: string, body: unknown): void {
  const headers = { "content-type": "application/json", ...authorization(signedInKey()) };
  fetch(path, { method: "POST", headers, body: writeBody(body), keepalive: true }).catch(() => {});
}

/** An answer without end, as it comes. @throws ClientError */
export async function follow(path: string, signal: AbortSignal): Promise<Response> {
  const key = signedInKey();
  const response = await fetch(path, { signal, headers: authorization(key) }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new ClientError("ASOF_UNREACHABLE", `${location.origin} cannot be reached`, { cause });
  });
  if (response.ok) return response;
  const error = answeredError(response.status, await response.text());
  turnedAway(error, key);
  throw error;
}

function authorization(key: string | null): Record<string, string> {
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

/** JSON in which integers beyond what a number holds stay exact, as bigint. */
export function parse(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" &&
    Number.isInteger(value) &&
    !Number.isSafeInteger(value) &&
    /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context!.source!)
      : value,
  );
}
