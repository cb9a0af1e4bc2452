import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A fenced block of a page. */
export interface Block {
  /** As a path in the repository. */
  readonly page: string;
  /** Of the fence, from 1. */
  readonly line: number;
  /** `ts`, `sh`, …; empty where the fence says none. */
  readonly language: string;
  /** The file of the reader's project that it is, where the page says so. */
  readonly file: string | null;
  readonly text: string;
}

export const pages: readonly string[] = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(path.join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

export const textOf = (page: string): string => readFileSync(path.join(root, page), "utf8");

export function blocksOf(page: string): Block[] {
  const text = textOf(page);
  return [...text.matchAll(/^```(\w*)(?: file=(\S+))?[^\n]*\n(.*?)^```/gms)].map(
    ({ 1: language, 2: file, 3: content, index }) => ({
      page,
      line: text.slice(0, index).split("\n").length,
      language,
      file: file ?? null,
      text: content,
    }),
  );
}

/** A command as a page has it, and what it is shown to print. */
export interface ShownCommand {
  readonly page: string;
  readonly line: number;
  readonly text: string;
  readonly output: string;
}

/** What a block types at a prompt: lines after `$` where it shows a console, every line otherwise. */
export function commandsOf(block: Block): ShownCommand[] {
  const found: { line: number; text: string; output: string }[] = [];
  for (const [i, line] of block.text.replace(/\n$/, "").split("\n").entries()) {
    const prompt = block.language === "console" ? /^\$ (.*)$/.exec(line)?.[1] : line;
    if (prompt !== undefined) found.push({ line: block.line + 1 + i, text: prompt, output: "" });
    else if (found.length > 0) found.at(-1)!.output += `${line}\n`;
  }
  return found.map((one) => ({ page: block.page, ...one }));
}

/** Whether a line is one to type, and not what a block shows. */
export const isCommand = (text: string): boolean => /^(npx|asof|npm|export|curl|zcat|node|[A-Z_]+=\S+) ?/.test(text);

/** A line of shell as its words: quotes are taken off, and a comment is left out. Null for what has more grammar than that. */
export function wordsOf(command: string): string[] | null {
  const words: string[] = [];
  for (const [, single, double, bare, comment] of command.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"#][^\s'"]*)|(#.*)/g)) {
    if (comment !== undefined) break;
    if (bare !== undefined && /[|&;<>$]/.test(bare)) return null;
    words.push(single ?? double ?? bare);
  }
  return words;
}
