import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { makeProgram } from "./program.ts";

const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
const program = makeProgram({ ...streams, env: {}, cwd: "/", signal: new AbortController().signal }, () => {});
const page = readFileSync("docs/cli.md", "utf8");

/** The part of the page under `## asof <verb>`. */
function section(verb: string): string {
  return new RegExp(`^## asof ${verb}$[^]*?(?=^## |$(?![^]))`, "m").exec(page)?.[0] ?? "";
}

test.each(program.commands.map((command) => [command.name(), command] as const))(
  "docs/cli.md tells of %s",
  (name, command) => {
    const text = section(name);
    for (const one of [command, ...command.commands]) {
      const typed = one === command ? name : `${name} ${one.name()}`;
      for (const { long } of one.options) expect(text).toContain(`\`${long}`);
      for (const argument of one.registeredArguments) expect(text).toContain(argument.name());
      expect(text).toContain(`$ asof ${typed}`);
    }
  },
);

test("docs/cli.md tells of no verb and no option that is not there", () => {
  const names = [...page.matchAll(/^## asof (\w+)$/gm)].map((match) => match[1]);
  expect(names).toEqual(program.commands.map((command) => command.name()));
  const verbs = program.commands.flatMap((command) => [command, ...command.commands]);
  const owned = [program, ...verbs].flatMap(({ options }) => options.map(({ long }) => long));
  const options = ["--help", ...owned];
  for (const [, option] of page.matchAll(/`(--[a-z-]+)/g)) expect(options).toContain(option);
});

test("docs/cli.md tells of every option that all verbs share", () => {
  for (const { long } of program.options) expect(page).toContain(`\`${long}`);
});
