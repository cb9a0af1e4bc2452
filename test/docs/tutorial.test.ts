import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { Project } from "../cli/project.ts";
import { tutorialSteps } from "./tutorial-page.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("the tutorial works as it is written, and prints what it shows", { timeout: 300_000 }, async () => {
  const project = new Project();
  try {
    const bin = project.path("bin");
    mkdirSync(bin);
    writeCommand(path.join(bin, "npx"), `shift; exec "${process.execPath}" "${path.join(root, "bin/asof.js")}" "$@"`);
    writeCommand(path.join(bin, "node"), `exec "${process.execPath}" "$@"`);
    const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, NO_COLOR: "1" };
    let ran = 0;
    for (const step of tutorialSteps()) {
      if (step.kind === "file") {
        writeFileSync(project.path(step.name), step.text);
        continue;
      }
      const { stdout } = await promisify(execFile)("bash", ["-ec", step.commands], { cwd: project.folder, env });
      ran++;
      if (step.output !== null) expect(steady(stdout)).toBe(steady(step.output));
      if (step.commands.includes("verify")) expect(stdout).toMatch(/different +0\n/);
      if (step.commands.includes("explain")) expect(stdout).toMatch(/online +equal bit for bit.*1 streamed/s);
      if (step.commands.includes("ask.ts"))
        expect(stdout).toMatch(/^99 deliveries in seven days; late with probability 0\.\d\d\n$/);
    }
    expect(ran).toBe(11);
  } finally {
    project.remove();
  }
});

function writeCommand(file: string, line: string): void {
  writeFileSync(file, `#!/bin/sh\n${line}\n`);
  chmodSync(file, 0o755);
}

/** Without what is another each time: how long it took, and the microseconds that the clock has gone on. */
function steady(output: string): string {
  return output
    .replace(/\d+(\.\d+)? s\b/g, "… s")
    .replace(/(T00:00:00\.0000)\d\dZ/g, "$1…Z")
    .trimEnd();
}
