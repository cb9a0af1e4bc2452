import { execFileSync, type ExecFileSyncOptions, spawn } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** The version of Feast whose SDK drives the server. */
export const FEAST = "0.67.0";

/** Where Python environments for tests are kept between runs. */
const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "asof");
const environment = path.join(cache, `feast-${FEAST}`);
const program = path.join(environment, "bin", "python");

/**
 * A Python that has Feast's SDK, or why there is none. It is made where `ASOF_FEAST` asks for it, which takes a minute
 * and half a gigabyte; from then on it is there.
 */
export function feastPython(): { readonly python: string } | { readonly reason: string } {
  if (existsSync(program)) return { python: program };
  if (process.env["ASOF_FEAST"] === undefined)
    return { reason: "Feast's SDK is not installed: `npm run test:feast` does" };
  const making = `${environment}.${process.pid}`;
  try {
    mkdirSync(cache, { recursive: true });
    const options: ExecFileSyncOptions = { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8", timeout: 600_000 };
    execFileSync("python3", ["-m", "venv", making], options);
    execFileSync(path.join(making, "bin", "python"), ["-m", "pip", "install", "-q", `feast==${FEAST}`], options);
    renameSync(making, environment);
    return { python: program };
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    // Another process may have been first.
    if (existsSync(program)) return { python: program };
    const { stderr = "", message } = error as Error & { readonly stderr?: string };
    return { reason: `Feast's SDK cannot be installed: ${stderr.trim().split("\n").at(-1) || message}` };
  }
}

/** Runs a script in this folder; resolves to what it printed. Its server may be this process. */
export async function runPython(python: string, script: string, args: readonly string[]): Promise<string> {
  const child = spawn(python, [path.join(import.meta.dirname, script), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, FEAST_USAGE: "False", PYTHONDONTWRITEBYTECODE: "1" },
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("close", resolve);
    child.once("error", reject);
  });
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${err.slice(-3000)}`);
  return out;
}
