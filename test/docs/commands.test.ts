import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { makeProgram } from "../../src/surfaces/cli/program.ts";
import { blocksOf, pages, textOf } from "./pages.ts";

const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
const program = makeProgram({ ...streams, env: {}, cwd: "/", signal: new AbortController().signal }, () => {});

/** What follows `asof` at the beginning of a command, in blocks and in running text. */
function mentioned(page: string): string[] {
  const whole = textOf(page);
  const shown = blocksOf(page)
    .filter(({ language }) => ["", "sh", "console"].includes(language))
    .flatMap(({ text }) => text.split("\n"));
  const told = [...whole.replace(/^```.*?^```/gms, "").matchAll(/`([^`]+)`/g)].map(([, code]) =>
    code.replace(/\s+/g, " "),
  );
  return [...shown, ...told].flatMap((text) => {
    const found = /(?:^(?:\$ )?|\| |&& )(?:npx )?asof (?!setup:)([a-z-].*)$/.exec(text);
    return found === null ? [] : [found[1].replace(/ {3,}.*$| +#.*$/, "")];
  });
}

const all = pages.flatMap((page) => mentioned(page).map((command) => ({ page, command })));

/** The flags that a command has none of, or the verb that is none. */
function wrong(text: string): string[] {
  const words = text.replace(/"[^"]*"|'[^']*'/g, "…").split(/\s+/);
  const verb = words[0].startsWith("-") ? program : program.commands.find((one) => one.name() === words[0]);
  if (verb === undefined) return [words[0]];
  const below: Command | undefined = verb.commands.find((one) => one.name() === words[1]);
  const known = ["--help", "-h", ...[program, verb, below ?? verb].flatMap(({ options }) => options.flatMap(flagsOf))];
  return words.filter((word) => /^--?[a-z]/.test(word) && !known.includes(word.split("=")[0]));
}

const flagsOf = ({ long, short }: { long?: string | undefined; short?: string | undefined }): string[] =>
  [long, short].filter((flag) => flag !== undefined);

test("every command that any page mentions is one, and has the flags that it is given", () => {
  expect(all.length).toBeGreaterThan(120);
  expect(all.flatMap(({ page, command }) => wrong(command).map((what) => `${page}: ${command}: ${what}`))).toEqual([]);
});

test("a verb or a flag that there is not would be seen", () => {
  expect(wrong("ingst flights")).toEqual(["ingst"]);
  expect(wrong("models compare m --since 2001 --untill 2002")).toEqual(["--untill"]);
});

test("every script of npm that a page runs is one, and knows the flags that it is given", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  const run = pages.flatMap((page) => [...textOf(page).matchAll(/npm run ([\w:]+)(?: -- ([^\n`#]*))?/g)]);
  expect(run.length).toBeGreaterThan(12);
  for (const [text, script, flags = ""] of run) {
    expect(Object.keys(scripts), text).toContain(script);
    const source = flags === "" ? "" : readFileSync(scripts[script].replace(/^node /, ""), "utf8");
    for (const [, flag] of flags.matchAll(/--([a-z]+)/g)) expect(source, text).toMatch(new RegExp(`\\b${flag}\\b`));
  }
});
