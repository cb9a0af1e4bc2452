// Prints the bill of materials of what is shipped, as CycloneDX: the packages that are installed with asof, and those
// that are built into its console. It is what npm writes of everything here, less what only makes and tests it.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const manifestIn = (...folder) => JSON.parse(readFileSync(path.join(root, ...folder, "package.json"), "utf8"));
const own = manifestIn();

function npmSbom() {
  const npm = process.env.npm_execpath;
  const args = ["sbom", "--sbom-format", "cyclonedx"];
  const options = { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] };
  return npm?.endsWith(".js")
    ? execFileSync(process.execPath, [npm, ...args], options)
    : execFileSync("npm", args, { ...options, shell: process.platform === "win32" });
}

const bom = JSON.parse(npmSbom());
/** The console's packages, but for what builds it and what has types alone. */
const bundled = Object.entries(manifestIn("console").devDependencies).filter(
  ([name]) => !/^(@types\/|@vitejs\/|vite$)/.test(name),
);
const shipped = new Set();
const dependsOn = new Map(bom.dependencies.map((one) => [one.ref, one.dependsOn ?? []]));
const add = (ref) => {
  if (shipped.has(ref) || ref.startsWith("@types/")) return;
  shipped.add(ref);
  for (const next of dependsOn.get(ref) ?? []) add(next);
};
const roots = [...Object.entries(own.dependencies), ...bundled].map(([name, version]) => `${name}@${version}`);
for (const ref of roots) add(ref);

// npm names the root after the folder that it lies in, and every package by how this folder needs it.
const { component } = bom.metadata;
bom.metadata.component = { ...component, name: own.name };
bom.components = bom.components
  .filter((one) => shipped.has(one["bom-ref"]))
  .map((one) => ({ ...one, properties: [], scope: "required" }));
bom.dependencies = [
  { ref: component["bom-ref"], dependsOn: roots },
  ...[...dependsOn]
    .filter(([ref]) => shipped.has(ref))
    .map(([ref, all]) => ({ ref, dependsOn: all.filter((one) => shipped.has(one)) })),
];
process.stdout.write(`${JSON.stringify(bom, null, 2)}\n`);
