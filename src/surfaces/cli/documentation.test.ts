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

/** A command and those below it, by the verb that they belong to. */
const all = program.commands.flatMap((command) =>
  [command, ...command.commands].map((one) => {
    const path = one === command ? one.name() : `${command.name()} ${one.name()}`;
    return [path, command.name(), one] as const;
  }),
);

test.each(all)("docs/cli.md tells of %s", (name, verb, command) => {
  const text = section(verb);
  for (const { long } of command.options) expect(text).toContain(`\`${long}`);
  for (const argument of command.registeredArguments) expect(text).toContain(argument.name());
  expect(text).toContain(command.commands.length > 0 ? `$ asof ${name} ` : `$ asof ${name}`);
});

test("docs/cli.md tells of no verb and no option that is not there", () => {
  const names = [...page.matchAll(/^## asof ([\w-]+)$/gm)].map((match) => match[1]);
  expect(names).toEqual(program.commands.map((command) => command.name()));
  const owned = [program, ...all.map(([, , command]) => command)].flatMap(({ options }) =>
    options.map(({ long }) => long),
  );
  const options = ["--help", ...owned];
  for (const [, option] of page.matchAll(/`(--[a-z-]+)/g)) expect(options).toContain(option);
});

test("docs/cli.md tells of every option that all verbs share", () => {
  for (const { long } of program.options) expect(page).toContain(`\`${long}`);
});
