import { stripVTControlCharacters } from "node:util";

/**
 * Text from data or from elsewhere, safe to print on one line: what could steer a terminal or break a table shows as
 * an escape such as `\u001b`.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, escapeOf);
}

/** The same, keeping line breaks and tabs. */
export function visibleLines(text: string): string {
  return text.replace(/[^\n\t]+/g, visible);
}

/** How many columns text takes on a terminal: marks none, East Asian wide characters and emoji two. */
export function width(text: string): number {
  let columns = 0;
  for (const { segment } of segments.segment(stripVTControlCharacters(text))) columns += wide.test(segment) ? 2 : 1;
  return columns;
}

/** As much of a plain text as fits into so many columns. */
export function cut(text: string, columns: number): string {
  let room = columns;
  let kept = "";
  for (const { segment } of segments.segment(text)) {
    room -= width(segment);
    if (room < 0) break;
    kept += segment;
  }
  return kept;
}

const segments = new Intl.Segmenter("en", { granularity: "grapheme" });
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;

function escapeOf(character: string): string {
  const named = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
  return named ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
