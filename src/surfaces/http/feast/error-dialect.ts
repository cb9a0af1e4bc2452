import { type ErrorCode, errorTable } from "../../../core/errors.ts";
import { errorAnswer, toldOf } from "../error-answer.ts";
import type { ErrorDialect } from "../error-dialect.ts";
import { text } from "../schema.ts";

/** The class of `feast.errors` that a client raises for a code. */
const classes: Readonly<Partial<Record<ErrorCode, string>>> = {
  ASOF_UNKNOWN_VIEW: "FeatureViewNotFoundException",
  ASOF_UNKNOWN_SERVICE: "FeatureServiceNotFoundException",
  ASOF_UNKNOWN_FEATURE: "FeastObjectNotFoundException",
  ASOF_UNKNOWN_SOURCE: "PushSourceNotFoundException",
  ASOF_NAME_COLLISION: "FeatureNameCollisionError",
  ASOF_HOST: "FeastPermissionError",
  ASOF_UNAUTHENTICATED: "FeastPermissionError",
  ASOF_FORBIDDEN: "FeastPermissionError",
};

/** Statuses that speak of the connection or of the server rather than of what was asked: they stay as they are. */
const KEPT: ReadonlySet<number> = new Set([401, 403, 404, 405, 408, 413, 415, 429, 431]);

function status(code: ErrorCode): number {
  const { status } = errorTable[code];
  // As Feast has it: what is missing is 404, but for a push source.
  if (code === "ASOF_UNKNOWN_SOURCE") return 422;
  return status >= 500 || KEPT.has(status) ? status : 422;
}

/**
 * Errors as Feast's clients read them: a JSON string that itself holds JSON, with the Python class to raise. Whatever a
 * user causes is 404, 403 or 422, because the client sends again what it is answered 5xx. `code` and `requestId` are
 * more than Feast has; its client passes them over.
 */
export const feastErrors: ErrorDialect = {
  status,
  answer(error, requestId) {
    const { code, headers } = errorAnswer(error, requestId);
    const { message, remedy } = toldOf(error);
    const detail = {
      module: "feast.errors",
      class: classes[code] ?? "FeastError",
      message: `${message} (${code}). ${remedy}`,
      code,
      requestId,
    };
    return { code, status: status(code), headers, body: JSON.stringify(JSON.stringify(detail)) };
  },
  schema: { ...text, description: "JSON within a JSON string: `module`, `class`, `message`, `code`, `requestId`" },
};
