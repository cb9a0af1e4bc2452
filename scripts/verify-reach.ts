// How far `asof verify` reaches: runs it on the flights and on definitions with every aggregation, and prints how many
// comparisons it made in how many minutes, and how many of them differed. `npm run verify:reach [-- --minutes 5]`.
import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { VerifyOutcome } from "../src/surfaces/verify/verify.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const given = process.argv.slice(2);
const options = [...(given.includes("--minutes") ? [] : ["--minutes", "5"]), ...given];
const subjects = [
  ["flights", "examples/flights/asof.config.ts"],
  ["every aggregation", "test/verify/asof.config.ts"],
] as const;

let different = 0;
process.stdout.write("definitions          compared  minutes  different  stores    records\n");
for (const [name, config] of subjects) {
  const outcome = await verify(path.join(root, config));
  different += outcome.different;
  const cells = [
    name.padEnd(18),
    outcome.compared.toLocaleString("en").padStart(11),
    (outcome.seconds / 60).toFixed(1).padStart(8),
    String(outcome.different).padStart(10),
    String(outcome.runs).padStart(7),
    outcome.records.toLocaleString("en").padStart(10),
  ];
  process.stdout.write(`${cells.join("")}\n`);
}
process.exitCode = different === 0 ? 0 : 1;

function verify(config: string): Promise<VerifyOutcome> {
  const args = [path.join(root, "bin/asof.js"), "verify", "--config", config, "--json", "--seed", "1", ...options];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => void (output += text));
    child.once("error", reject);
    child.once("close", () => {
      try {
        resolve(JSON.parse(output) as VerifyOutcome);
      } catch {
        reject(new Error(`asof verify said: ${output}`));
      }
    });
  });
}
