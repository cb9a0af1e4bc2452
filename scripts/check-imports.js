// Runs dependency-cruiser with .dependency-cruiser.cjs on a project folder (this one, unless another is named) and
// fails on any violation, and when the cruiser looked at fewer modules than there are source files: a cruiser that
// cannot parse TypeScript reports "no violations".
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const project = path.resolve(process.argv[2] ?? root);
const json = process.argv.includes("--json");

const folders = ["src", "console", "test", "bench", "examples", "scripts"].filter((name) =>
  fs.existsSync(path.join(project, name)),
);
const files = folders.flatMap((folder) =>
  fs
    .readdirSync(path.join(project, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.d)\.(ts|tsx|js)$/.test(entry.name))
    .map((entry) => path.relative(project, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, "/")),
);

function cruise() {
  const cruiser = path.join(root, "node_modules", "dependency-cruiser", "bin", "dependency-cruiser.mjs");
  const args = [cruiser, "--config", path.join(root, ".dependency-cruiser.cjs"), "--output-type", "json", ...folders];
  try {
    return execFileSync(process.execPath, args, { cwd: project, encoding: "utf8", maxBuffer: 1 << 29 });
  } catch (error) {
    // It exits with the number of violations and still prints its report.
    if (error.stdout?.startsWith("{")) return error.stdout;
    throw error;
  }
}

const report = files.length === 0 ? { modules: [], summary: { violations: [] } } : JSON.parse(cruise());
const seen = new Set(report.modules.map((module) => module.source));
const unseen = files.filter((file) => !seen.has(file));
const violations = report.summary.violations
  .map(({ rule, from, to, cycle }) => ({
    rule: rule.name,
    from,
    to: cycle?.map((step) => step.name).join(" → ") ?? to,
  }))
  .sort((a, b) => a.rule.localeCompare(b.rule) || a.from.localeCompare(b.from) || a.to.localeCompare(b.to));
const modules = files.length - unseen.length;

if (json) {
  process.stdout.write(`${JSON.stringify({ modules, unseen, violations })}\n`);
} else {
  for (const { rule, from, to } of violations) process.stdout.write(`${rule}: ${from} → ${to}\n`);
  for (const file of unseen) process.stdout.write(`not looked at: ${file}\n`);
  process.stdout.write(`${modules} modules, ${violations.length} violations\n`);
}
if (violations.length > 0 || unseen.length > 0 || modules === 0) process.exitCode = 1;
