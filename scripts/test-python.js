// Runs the tests of test/<name>, which take a package of Python's, installing it first where it is not there.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const [name] = process.argv.slice(2);
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const vitest = path.join(root, "node_modules", "vitest", "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", "--typecheck.enabled=false", `test/${name}`], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, [`ASOF_${name.toUpperCase()}`]: "install" },
});
process.exitCode = status ?? 1;
