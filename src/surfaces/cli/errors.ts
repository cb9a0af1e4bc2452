import { inspect } from "node:util";
import { AsofError, errorTable, type ErrorCode, type ErrorDetails } from "../../core/errors.ts";
import type { Style } from "./style.ts";
import { visible, visibleLines } from "./text.ts";

/** An error as it is shown. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly details: ErrorDetails;
}

/** What is known of an error. Whatever bears no code of ours is a fault of ours. */
export function failureOf(error: unknown): Failure {
  const { code, message, details } = partsOf(error);
  const known = typeof code === "string" && Object.hasOwn(errorTable, code) ? (code as ErrorCode) : null;
  if (known === "ASOF_USAGE" && typeof details["help"] === "string") {
    const { help, ...others } = details;
    return { code: known, message, remedy: `See \`${help}\`.`, details: others };
  }
  if (known !== null) return { code: known, message, remedy: errorTable[known].remedy, details };
  // Node's own way to say that an AbortSignal stopped the work.
  const fallback = error instanceof Error && error.name === "AbortError" ? "ASOF_INTERRUPTED" : "ASOF_INTERNAL";
  return { code: fallback, message, remedy: errorTable[fallback].remedy, details: {} };
}

/** `CODE: message`, the details one a line, and what to do. */
export function failureText({ code, message, remedy, details }: Failure, style: Style): string {
  const names = Object.keys(details);
  const widest = Math.max(0, ...names.map((name) => name.length));
  const lines = names.map((name) => {
    const value = details[name]!;
    const shown = Array.isArray(value) ? value.join(", ") : String(value);
    // SQL and what an engine says of it take several lines.
    const lines = visibleLines(shown)
      .trimEnd()
      .replaceAll("\n", `\n${" ".repeat(widest + 4)}`);
    return `  ${style.dim(visible(name).padEnd(widest))}  ${lines}`;
  });
  return [`${style.red(`${code}:`)} ${visibleLines(message)}`, ...lines, `  ${style.dim("to do:")} ${remedy}`].join(
    "\n",
  );
}

/** The stack of an error and of what caused it, for ASOF_DEBUG. */
export function stacksOf(error: unknown): string {
  const stacks: string[] = [];
  for (let at = error; at !== undefined && stacks.length < 8; at = at instanceof Error ? at.cause : undefined)
    stacks.push(at instanceof Error ? (at.stack ?? at.message) : inspect(at));
  return visibleLines(stacks.join("\ncaused by "));
}

export function usage(message: string, details: ErrorDetails = {}): AsofError {
  return new AsofError("ASOF_USAGE", message, details);
}

/** By its shape: the user's definitions may have loaded another copy of asof, with a class of its own. */
function partsOf(error: unknown): { readonly code: unknown; readonly message: string; readonly details: ErrorDetails } {
  if (!(error instanceof Error)) return { code: null, message: inspect(error), details: {} };
  const { code, message, details } = error as Error & { code?: unknown; details?: ErrorDetails };
  return { code, message, details: details ?? {} };
}
