import { readFileSync } from "node:fs";

/** A thing to do that the tutorial tells of: make a file, or run commands, which may show what they print. */
export type Step =
  | { readonly kind: "file"; readonly name: string; readonly text: string }
  | { readonly kind: "run"; readonly commands: string; readonly output: string | null };

/** The steps of docs/tutorial.md, in its order. Blocks without a language are for reading only. */
export function tutorialSteps(): Step[] {
  const page = readFileSync(new URL("../../docs/tutorial.md", import.meta.url), "utf8");
  const blocks = /```(?:(?:ts|json) file=(\S+)\n(.*?)|sh\n(.*?))```(?:\n\n```text output\n(.*?)```)?/gs;
  return [...page.matchAll(blocks)].map(([, name, text, commands, output]) =>
    name === undefined ? { kind: "run", commands, output: output ?? null } : { kind: "file", name, text },
  );
}
