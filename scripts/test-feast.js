// Runs the tests against Feast's SDK, installing it first where it is not there.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const vitest = path.join(root, "node_modules", "vitest", "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", "--typecheck.enabled=false", "test/feast"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, ASOF_FEAST: "install" },
});
process.exitCode = status ?? 1;
