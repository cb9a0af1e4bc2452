import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** What the example needs, in versions that go together. */
const PACKAGES = ["scikit-learn==1.9.1", "skl2onnx==1.20.0", "onnx==1.23.2", "pyarrow==26.0.1"];
const CACHE = fileURLToPath(new URL("../../node_modules/.cache/asof-python", import.meta.url));

/**
 * The Python that has what the example needs, in an environment of its own that is made once for a clone; or the reason
 * why there is none.
 */
export function pythonForTraining(): { readonly python: string } | { readonly reason: string } {
  const python = path.join(CACHE, "bin", "python");
  if (existsSync(python)) return { python };
  const making = `${CACHE}-${process.pid}`;
  const run = (program: string, ...args: string[]): string | null => {
    const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8", timeout: 240_000 });
    return status === 0 ? null : (error?.message ?? stderr.trim().split("\n").at(-1) ?? `status ${status}`);
  };
  mkdirSync(path.dirname(CACHE), { recursive: true });
  const failed =
    run("python3", "-m", "venv", making) ??
    run(path.join(making, "bin", "python"), "-m", "pip", "install", "--quiet", "--only-binary=:all:", ...PACKAGES);
  if (failed !== null) {
    rmSync(making, { recursive: true, force: true });
    return { reason: `no Python with ${PACKAGES.join(", ")}: ${failed}` };
  }
  // Its programs know the path they were made under, its Python does not mind.
  renameSync(making, CACHE);
  return { python };
}
