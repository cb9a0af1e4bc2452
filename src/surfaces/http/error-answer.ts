import { AsofError, type ErrorCode, type ErrorDetails, errorTable } from "../../core/errors.ts";
import { writeJson } from "./json/write-json.ts";

/** How an error is told to a client. */
export interface ErrorAnswer {
  readonly code: ErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Seconds after which what cannot be done now may be tried again. */
const RETRY_AFTER = "1";

/** Statuses that say "not now". */
const RETRYABLE: ReadonlySet<number> = new Set([429, 503]);

/**
 * The answer to a request that failed. Of what failed inside the server (status 500) a client learns the code alone:
 * messages and details may name files or hold data; they belong in the log, under the same request id.
 */
export function errorAnswer(error: unknown, requestId: string): ErrorAnswer {
  const { code, message, remedy, details } = toldOf(error);
  const { status } = errorTable[code];
  return {
    code,
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      ...(RETRYABLE.has(status) && { "retry-after": String(details["retryAfter"] ?? RETRY_AFTER) }),
      ...(status === 401 && { "www-authenticate": "Bearer" }),
      ...(code === "ASOF_METHOD" && { allow: String(details["allow"]) }),
    },
    body: writeJson({ error: { code, message, remedy, details, requestId } }),
  };
}

/** What a client may learn of an error. */
export function toldOf(error: unknown): Coded & { readonly remedy: string } {
  const { code, message, details } = asCoded(error);
  const { status, remedy, message: general } = errorTable[code];
  return status === 500 ? { code, remedy, message: general, details: {} } : { code, remedy, message, details };
}

interface Coded {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

function asCoded(error: unknown): Coded {
  if (isAsofError(error)) return error;
  const from = (error as { readonly code?: unknown } | null)?.code;
  const code =
    typeof from === "string" && Object.hasOwn(connectionCodes, from) ? connectionCodes[from] : "ASOF_INTERNAL";
  return { code, message: errorTable[code].message, details: {} };
}

/** What a connection fails with before it is a request. */
const connectionCodes: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: "ASOF_HEADERS",
  ERR_HTTP_REQUEST_TIMEOUT: "ASOF_TIMEOUT",
};

/** By its shape: definitions may have loaded a second instance of the module. */
function isAsofError(error: unknown): error is AsofError {
  return (
    error instanceof AsofError ||
    (error instanceof Error && error.name === "AsofError" && Object.hasOwn(errorTable, (error as AsofError).code))
  );
}
