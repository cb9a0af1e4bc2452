import { execFileSync, type ExecFileSyncOptions } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** Where Python environments for tests are kept between runs. */
const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "asof");

/** A package of PyPI that tests are run with, at one version. */
export interface PythonPackage {
  readonly name: string;
  readonly version: string;
  /** The variable of the environment that asks for its installation. */
  readonly wanted: string;
  /** The script that does so. */
  readonly script: string;
}

/**
 * A folder of programs of a Python that has a package, or why there is none. It is made where that is asked for; from
 * then on it is there.
 */
export function pythonEnvironment({
  name,
  version,
  wanted,
  script,
}: PythonPackage): { readonly bin: string } | { readonly reason: string } {
  const environment = path.join(cache, `${name}-${version}`);
  const found = { bin: path.join(environment, "bin") };
  if (existsSync(found.bin)) return found;
  if (process.env[wanted] === undefined) return { reason: `${name} is not installed: \`${script}\` does` };
  const making = `${environment}.${process.pid}`;
  try {
    mkdirSync(cache, { recursive: true });
    const options: ExecFileSyncOptions = { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8", timeout: 600_000 };
    execFileSync("python3", ["-m", "venv", making], options);
    execFileSync(path.join(making, "bin", "python"), ["-m", "pip", "install", "-q", `${name}==${version}`], options);
    renameSync(making, environment);
    return found;
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    // Another process may have been first.
    if (existsSync(found.bin)) return found;
    const { stderr = "", message } = error as Error & { readonly stderr?: string };
    return { reason: `${name} cannot be installed: ${stderr.trim().split("\n").at(-1) || message}` };
  }
}
