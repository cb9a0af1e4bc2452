import { AsofError } from "../../../core/errors.ts";
import { locateJsonError } from "./locate-json-error.ts";
import { MAX_DEPTH, scanJson } from "./scan-json.ts";

/** Where a text starts: the lines and the characters before it. */
export interface TextPlace {
  readonly lines: number;
  readonly characters: number;
}

const WHOLE: TextPlace = { lines: 0, characters: 0 };

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;
const parseWith = JSON.parse as (text: string, reviver: Reviver) => unknown;

/** One digit more than int64 has: longer integers are out of range everywhere, and a double tells that as well. */
const INTEGER = /^-?\d{1,20}$/;

/**
 * Parses JSON. An integer that a double cannot hold comes as a bigint, exact; every other number as a double.
 * `within` says where the text stands in its body.
 * @throws AsofError ASOF_JSON with `line` and `column` (from 1) and `position` (characters before the error) in the body
 */
export function parseJson(text: string, within: TextPlace = WHOLE): unknown {
  const { tooDeepAt, longNumbers } = scanJson(text);
  if (tooDeepAt >= 0) throw notJson(text, tooDeepAt, `no more than ${MAX_DEPTH} levels of nesting`, within);
  try {
    return longNumbers ? parseWith(text, exactInteger) : JSON.parse(text);
  } catch (cause) {
    const problem = locateJsonError(text);
    if (problem === null) throw cause;
    throw notJson(text, problem.position, problem.expected, within);
  }
}

function exactInteger(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  const exact = typeof value !== "number" || Number.isSafeInteger(value) || source === undefined;
  return exact || !INTEGER.test(source) ? value : BigInt(source);
}

function notJson(text: string, at: number, expected: string, within: TextPlace): AsofError {
  const before = text.slice(0, at);
  const line = within.lines + before.split("\n").length;
  const column = at - before.lastIndexOf("\n");
  const found = at < text.length ? JSON.stringify(String.fromCodePoint(text.codePointAt(at)!)) : "the end";
  return new AsofError("ASOF_JSON", `line ${line}, column ${column}: expected ${expected}, found ${found}`, {
    line,
    column,
    position: within.characters + at,
    expected,
  });
}
