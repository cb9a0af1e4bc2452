import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A project in a folder of its own, with the command as users have it: compiled, in a process of its own. */
export class Project {
  readonly folder: string;

  constructor() {
    execFileSync(process.execPath, [path.join(root, "scripts/setup.js")], { stdio: ["ignore", "ignore", "inherit"] });
    this.folder = realpathSync(mkdtempSync(path.join(tmpdir(), "asof-project-")));
    mkdirSync(path.join(this.folder, "node_modules"));
    symlinkSync(root, path.join(this.folder, "node_modules", "asof"), "dir");
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const bin = path.join(root, "bin", "asof.js");
    return spawn(process.execPath, [bin, ...args], { cwd: this.folder, env: { ...process.env, ...env } });
  }

  async run(args: readonly string[], input = ""): Promise<Ended> {
    const child = this.start(args);
    child.stdin!.end(input);
    return ended(child);
  }

  /** Runs a command that must succeed; resolves to its JSON document. */
  async json(args: readonly string[], input = ""): Promise<unknown> {
    const { code, out, err } = await this.run([...args, "--json"], input);
    if (code !== 0) throw new Error(`asof ${args.join(" ")} ended with ${code}: ${out}${err}`);
    return JSON.parse(out) as unknown;
  }

  /** Runs a command that must fail; resolves to its error. */
  async error(
    args: readonly string[],
    input = "",
  ): Promise<{ code: string; message: string; details: Record<string, unknown> }> {
    const { code, out } = await this.run([...args, "--json"], input);
    const document = JSON.parse(out) as { error?: { code: string; message: string; details: Record<string, unknown> } };
    if (code !== 1 || document.error === undefined)
      throw new Error(`asof ${args.join(" ")} ended with ${code}: ${out}`);
    return document.error;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Everything a process printed, and how it ended. */
export async function ended(child: ChildProcess): Promise<Ended> {
  let [out, err] = ["", ""];
  child.stdout!.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr!.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, out, err };
}
