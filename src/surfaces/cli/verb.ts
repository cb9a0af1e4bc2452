import type { Command } from "commander";
import type { Invocation } from "./invocation.ts";
import type { Report } from "./report.ts";

/** Makes a commander action of a verb's work: it is handed the run it belongs to, then what commander parsed. */
export type Action = <A extends unknown[]>(
  work: (run: Invocation, ...parsed: A) => Promise<Report | void>,
) => (...parsed: [...A, Command]) => Promise<void>;

/** Adds a verb to the program: its arguments, options, help and work. */
export type Verb = (program: Command, action: Action) => void;

/** Examples for the end of a verb's help, each a command and what it is for. */
export function examples(...lines: readonly (readonly [command: string, purpose: string])[]): string {
  const widest = Math.max(...lines.map(([command]) => command.length));
  return `\nExamples:\n${lines.map(([command, purpose]) => `  ${command.padEnd(widest)}  ${purpose}`.trimEnd()).join("\n")}`;
}
