import type { ErrorCode } from "../../core/errors.ts";
import type { ErrorAnswer } from "./error-answer.ts";
import type { Schema } from "./schema.ts";

/** How a route tells errors, where its clients expect them in another form than the server's own. */
export interface ErrorDialect {
  /** The HTTP status that a code is told with. */
  readonly status: (code: ErrorCode) => number;
  readonly answer: (error: unknown, requestId: string) => ErrorAnswer;
  readonly schema: Schema;
}
