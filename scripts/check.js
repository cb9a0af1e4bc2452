// Everything about the code that is not a test: types, lint, format, import rules. Runs all of them even when one
// fails, so that one run tells everything, and exits 1 if any failed.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = (name) => path.join(root, "node_modules", ".bin", name);

const steps = [
  { name: "types", command: [bin("tsc"), "--noEmit"] },
  { name: "client", command: [bin("tsc"), "--noEmit", "-p", path.join(root, "tsconfig.client.json")] },
  { name: "console", command: [bin("tsc"), "-p", "console", "--noEmit"] },
  { name: "lint", command: [bin("oxlint"), "--type-aware", "--deny-warnings"] },
  { name: "imports", command: [process.execPath, path.join(root, "scripts", "check-imports.js")] },
  { name: "format", command: [bin("oxfmt"), "--check"] },
];

function run({ name, command: [file, ...args] }) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const output = [];
    const done = (status) => resolve({ name, status, output: output.join(""), ms: performance.now() - started });
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.stderr.on("data", (chunk) => output.push(chunk));
    child.on("error", (error) => {
      output.push(`${error.message}\n`);
      done(1);
    });
    child.on("close", (status) => done(status ?? 1));
  });
}

const waiting = [...steps];
const failed = [];
async function worker() {
  for (let step = waiting.shift(); step; step = waiting.shift()) {
    const { name, status, output, ms } = await run(step);
    const verdict = status === 0 ? "ok" : "FAILED";
    process.stdout.write(`${name.padEnd(8)} ${verdict.padEnd(6)} ${(ms / 1000).toFixed(1)} s\n`);
    if (status !== 0) {
      failed.push(name);
      process.stdout.write(`${output.trimEnd()}\n\n`);
    }
  }
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));

if (failed.length > 0) {
  process.stdout.write(`check failed: ${failed.join(", ")}\n`);
  process.exitCode = 1;
}
