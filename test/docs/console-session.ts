import { expect } from "vitest";
import { asof, type Captured } from "../cli/captured-io.ts";
import type { ShownCommand } from "./pages.ts";
import { wordsOf } from "./pages.ts";

/** How a test does what a page's command says, where it does not do it to the letter in the folder of the flights. */
export interface Way {
  readonly cwd?: string;
  /** Words in place of others, such as a folder that is there. */
  readonly instead?: Readonly<Record<string, string>>;
  /** Words that are added: a free port, another configuration. */
  readonly more?: readonly string[];
  /** What has to be done before. */
  readonly before?: () => Promise<unknown>;
  readonly code?: number;
  /** What the page shows and this store does not have, such as rows of a table. */
  readonly lacks?: RegExp;
}

/** Runs a command as a page has it, and holds what it prints against what the page shows. */
export async function follow(shown: ShownCommand, way: Way, cwd: string): Promise<Captured> {
  const where = `${shown.page}:${shown.line}: ${shown.text}`;
  await way.before?.();
  const words = wordsOf(shown.text.replace(/^npx /, "").replace(/ {3,}.*$|(?<=\]) {2}.*$/, ""));
  expect(words?.[0], where).toBe("asof");
  const args = [...words!.slice(1).map((word) => way.instead?.[word] ?? word), ...(way.more ?? [])];
  const ended = await run(
    args.filter((word) => word !== ""),
    way.cwd ?? cwd,
  );
  expect(ended.code, `${where}\n${ended.out}${ended.err}`).toBe(way.code ?? 0);
  const printed = new Set(labels(ended.out + ended.err));
  const missing = labels(shown.output).filter((label) => !printed.has(label) && way.lacks?.test(label) !== true);
  expect(missing, `${where}\n${ended.out}${ended.err}`).toEqual([]);
  return ended;
}

/** A server is told to stop once it says where it listens. */
function run(args: readonly string[], cwd: string): Promise<Captured> {
  const stop = new AbortController();
  const heard = (text: string): void => {
    if (args[0] === "serve" && text.includes("listening on")) stop.abort(new Error("stop"));
  };
  return asof(args, { cwd, signal: stop.signal, heard });
}

/**
 * What does not depend on the data: the first cell of each line, and all cells of a table's head. Numbers, paths and
 * what is left out (…) depend on it.
 */
export function labels(output: string): string[] {
  return output.split("\n").flatMap((line) => {
    const cells = line.trim().split(/ {2,}/);
    const head = cells.length > 2 && cells.every((cell) => /^[a-z][a-zA-Z 0-9%]*$/.test(cell));
    return head ? [cells.join(" | ")] : /^[A-Za-z][\w :]*$/.test(cells[0]) ? [cells[0]] : [];
  });
}
