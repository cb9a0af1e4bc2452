import { spawn } from "node:child_process";
import path from "node:path";
import { pythonEnvironment } from "../servers/python-environment.ts";

/** The version of Feast whose SDK drives the server. */
export const FEAST = "0.67.0";

/** A Python that has Feast's SDK, which takes a minute and half a gigabyte to install; or why there is none. */
export function feastPython(): { readonly python: string } | { readonly reason: string } {
  const found = pythonEnvironment({
    name: "feast",
    version: FEAST,
    wanted: "ASOF_FEAST",
    script: "npm run test:feast",
  });
  return "reason" in found ? found : { python: path.join(found.bin, "python") };
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
