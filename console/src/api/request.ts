import { addressOf, go } from "../navigation/location.ts";
import { signedInKey } from "./key.ts";

/** What the server, or the way to it, refused; its text says what to do. */
export class Refusal extends Error {
  readonly code: string;
  readonly remedy: string;
  /** 0 where there was no answer. */
  readonly status: number;

  constructor(code: string, message: string, remedy: string, status: number) {
    super(message);
    this.code = code;
    this.remedy = remedy;
    this.status = status;
  }
}

export interface Ask {
  readonly method?: "GET" | "POST";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Asks the server: a body makes it a POST. @throws Refusal */
export async function ask<T>(path: string, options: Ask = {}): Promise<T> {
  const response = await send(path, options);
  const text = await response.text().catch((error: unknown) => {
    if (options.signal?.aborted === true) throw error;
    throw gone();
  });
  return parse(text) as T;
}

/** The answer as it comes. @throws Refusal */
export async function send(
  path: string,
  { body, method = body === undefined ? "GET" : "POST", signal }: Ask = {},
): Promise<Response> {
  const key = signedInKey();
  const response = await fetch(path, {
    method,
    headers: {
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: write(body) }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw gone();
  });
  if (response.ok) return response;
  const refusal = await refusalOf(response);
  if (refusal.status === 401 && location.pathname !== "/sign-in")
    go(addressOf("/sign-in", { back: `${location.pathname}${location.search}` }), true);
  throw refusal;
}

/** What there is to say where no whole answer came. */
function gone(): Refusal {
  return new Refusal("UNREACHABLE", "the server does not answer", "Start it again: asof serve.", 0);
}

async function refusalOf(response: Response): Promise<Refusal> {
  const { status } = response;
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string; remedy: string } };
    return new Refusal(error.code, error.message, error.remedy, status);
  } catch {
    return new Refusal("HTTP", `the server answered with status ${status}`, "Look into its log.", status);
  }
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

/** The reverse of `parse`. */
export function write(value: unknown): string {
  const raw = (JSON as unknown as { rawJSON?: (text: string) => unknown }).rawJSON;
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === "bigint" ? (raw?.(one.toString()) ?? one.toString()) : one,
  );
}
