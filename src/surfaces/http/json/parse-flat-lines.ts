import { mayHoldLongNumber } from "./scan-json.ts";

const BRACE = 123;

/**
 * Parses lines of which each is one object without another in it, all at once: the engine's parser is faster where it
 * sees that they are alike. The last line may end in a newline. Null where the lines are not as plain as that, or no
 * JSON: whoever reads them one by one can tell what is wrong.
 */
export function parseFlatLines(text: string): object[] | null {
  const end = text.endsWith("\n") ? text.length - 1 : text.length;
  const lines = bracesAtLines(text, end);
  if (lines < 2 || text.includes("[") || mayHoldLongNumber(text)) return null;
  let parsed: unknown[];
  try {
    parsed = JSON.parse(`[${text.slice(0, end).replaceAll("\n", ",")}]`) as unknown[];
  } catch {
    return null;
  }
  // Each object takes a brace, and the braces are those that lines begin with: as many objects as lines are one a line.
  return parsed.length === lines && parsed.every(isObject) ? parsed : null;
}

/** How many lines there are, where each begins with a brace and has no other; 0 where not. */
function bracesAtLines(text: string, end: number): number {
  let lines = 0;
  for (let start = 0; start < end; lines++) {
    if (text.charCodeAt(start) !== BRACE) return 0;
    const newline = text.indexOf("\n", start);
    const brace = text.indexOf("{", start + 1);
    start = newline < 0 ? end : newline + 1;
    if (brace >= 0 && brace !== start) return 0;
  }
  return lines;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
