import { expect, test } from "vitest";
import { NOT_RUN } from "./not-run.ts";
import { blocksOf, commandsOf, isCommand, pages } from "./pages.ts";

/** What a reader could run: blocks of code, and lines to type. */
const runnable = pages.flatMap(blocksOf).flatMap((block): { readonly page: string; readonly text: string }[] => {
  if (["ts", "python"].includes(block.language)) return [block];
  return ["", "sh", "console"].includes(block.language) ? commandsOf(block).filter(({ text }) => isCommand(text)) : [];
});

test("what the pages show is run but for a list, of which each entry is one thing that is there", () => {
  const found = NOT_RUN.map(
    ({ page, starts }) => runnable.filter((one) => one.page === page && `${one.text}\n`.startsWith(starts)).length,
  );
  expect(found).toEqual(NOT_RUN.map(() => 1));
  // Whoever adds to it finds no way to run what he adds.
  expect(NOT_RUN).toHaveLength(25);
  expect(runnable.length).toBeGreaterThan(150);
});

test("code is in languages that are run, or that are for reading", () => {
  const languages = new Set(pages.flatMap(blocksOf).map(({ language }) => language));
  expect([...languages].toSorted()).toEqual(["", "console", "json", "python", "sh", "text", "ts", "yaml"]);
});

test("every line of a block of shell is a command, or belongs to one", () => {
  for (const { page, text } of pages.flatMap(blocksOf).filter(({ language }) => language === "sh"))
    expect(isCommand(text), `${page}: ${text}`).toBe(true);
});
