import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Edit } from "./planted-faults.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Verified {
  readonly code: number;
  readonly output: string;
}

/** A copy of the engine that faults are planted into, with the definitions of this folder. */
export class EngineCopy {
  private readonly folder = mkdtempSync(path.join(tmpdir(), "asof-planted-"));

  constructor() {
    const { folder } = this;
    cpSync(path.join(root, "src"), path.join(folder, "src"), {
      recursive: true,
      filter: (file) => !file.endsWith(".test.ts"),
    });
    const manifest = { name: "asof", version: "0.0.0", type: "module", exports: { ".": "./src/index.ts" } };
    writeFileSync(path.join(folder, "package.json"), JSON.stringify(manifest));
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    for (const file of ["definitions.ts", "asof.config.ts"])
      cpSync(path.join(root, "test/verify", file), path.join(folder, file));
  }

  /** Runs `asof verify` on the copy with some edits, which are taken back afterwards. */
  async verify(edits: readonly Edit[], ...args: string[]): Promise<Verified> {
    const { folder } = this;
    const before = new Map<string, string>();
    try {
      for (const [file, right, wrong] of edits) {
        const at = path.join(folder, "src", file);
        const text = readFileSync(at, "utf8");
        if (!before.has(at)) before.set(at, text);
        const parts = text.split(right);
        expect(parts, `${file} has ${JSON.stringify(right)} once`).toHaveLength(2);
        writeFileSync(at, parts.join(wrong));
      }
      const command = [path.join(folder, "src/surfaces/cli/main.ts"), "verify", ...args];
      return await new Promise((resolve) => {
        execFile(process.execPath, command, { cwd: folder, maxBuffer: 1e9 }, (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr });
        });
      });
    } finally {
      for (const [file, text] of before) writeFileSync(file, text);
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
