import type { ErrorCode } from "../../core/errors.ts";

/** Codes of the server, and others that a newer server may know. */
export type ClientErrorCode = ErrorCode | (string & {});

/** What a call came to grief with, told as the server tells its errors. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  /** Stable: the page of errors lists them all. */
  readonly code: ClientErrorCode;
  /** What to do. */
  readonly remedy: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** The HTTP status; null where there was no answer. */
  readonly status: number | null;
  /** Names the request in the server's log; null where there was no answer. */
  readonly requestId: string | null;

  constructor(
    code: ClientErrorCode,
    message: string,
    told: Partial<Pick<ClientError, "remedy" | "details" | "status" | "requestId">> & { readonly cause?: unknown } = {},
  ) {
    super(message, told.cause === undefined ? {} : { cause: told.cause });
    this.code = code;
    this.remedy = told.remedy ?? (Object.hasOwn(remedies, code) ? remedies[code as OwnCode] : "");
    this.details = told.details ?? {};
    this.status = told.status ?? null;
    this.requestId = told.requestId ?? null;
  }
}

type OwnCode = Extract<ErrorCode, "ASOF_UNREACHABLE" | "ASOF_DEADLINE" | "ASOF_ANSWER">;

/** What to do where no server says it: the words of the table of errors, which no client may import. */
export const remedies: Readonly<Record<OwnCode, string>> = {
  ASOF_UNREACHABLE: "Check the address, and that the server runs.",
  ASOF_DEADLINE: "Ask for less at once, or allow more time; a write may have been done.",
  ASOF_ANSWER: "Check that the address is that of asof, and what stands between.",
};

/** The error that an answer tells. One that is no answer of asof's is ASOF_ANSWER. */
export function answeredError(status: number, text: string): ClientError {
  const told = errorIn(text);
  if (told === null)
    return new ClientError("ASOF_ANSWER", `the answer ${status} is not of asof`, {
      status,
      details: { status, answer: text.slice(0, 200) },
    });
  const { code, message, remedy = "", details = {}, requestId = null } = told;
  return new ClientError(code, message, { status, remedy, details, requestId });
}

interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly requestId?: string;
}

function errorIn(text: string): ToldError | null {
  try {
    const { error } = JSON.parse(text) as { readonly error?: ToldError };
    return typeof error?.code === "string" && typeof error.message === "string" ? error : null;
  } catch {
    return null;
  }
}
