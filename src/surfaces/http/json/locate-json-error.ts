import { assert } from "../../../core/assert.ts";

/** Where a text stops being JSON. */
export interface JsonProblem {
  /** Characters before it. */
  readonly position: number;
  readonly expected: string;
}

const WHITE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const WORD = /true|false|null/y;

/**
 * Finds the first place where a text breaks the grammar of RFC 8259; null where it is JSON. The engine's parser says
 * that a text is wrong, and only sometimes where: this one is asked afterwards. The text must not nest deeply.
 */
export function locateJsonError(text: string): JsonProblem | null {
  let at = 0;

  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return false;
    at += match[0].length;
    return true;
  };
  const take = (character: string): boolean => {
    skip(WHITE);
    if (text[at] !== character) return false;
    at += 1;
    return true;
  };
  const problem = (expected: string): JsonProblem => ({ position: at, expected });

  const string = (): JsonProblem | null => {
    for (at += 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 34) {
        at += 1;
        return null;
      }
      if (code < 32) return problem("no control character in a string");
      if (code !== 92) continue;
      if (!skip(ESCAPE)) return problem("a valid escape");
      at -= 1;
    }
    return problem("the end of a string");
  };

  const list = (end: string, member: () => JsonProblem | null): JsonProblem | null => {
    at += 1;
    if (take(end)) return null;
    for (;;) {
      const wrong = member();
      if (wrong !== null) return wrong;
      if (take(end)) return null;
      if (!take(",")) return problem(`"," or "${end}"`);
    }
  };

  const property = (): JsonProblem | null => {
    skip(WHITE);
    if (text[at] !== '"') return problem("a name in double quotes");
    const wrong = string();
    if (wrong !== null) return wrong;
    return take(":") ? value() : problem('":"');
  };

  const value = (): JsonProblem | null => {
    skip(WHITE);
    if (text[at] === "{") return list("}", property);
    if (text[at] === "[") return list("]", value);
    if (text[at] === '"') return string();
    return skip(WORD) || skip(NUMBER) ? null : problem("a value");
  };

  const wrong = value();
  if (wrong !== null) {
    assert(wrong.position <= text.length, "a problem lies within the text");
    return wrong;
  }
  skip(WHITE);
  return at < text.length ? problem("nothing more") : null;
}
