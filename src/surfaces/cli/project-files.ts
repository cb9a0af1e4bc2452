import { readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Template } from "./template.ts";

interface ProjectFiles {
  /** Files that stay as they are where there are some already. */
  readonly keep: Readonly<Record<string, string>>;
  /** What the project depends on: asof itself and what the template needs. */
  readonly packages: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** What every project has beside its template. */
export function projectFiles(folder: string, template: Template): ProjectFiles {
  const packages = { asof: ownSpecifier(), ...template.packages };
  const manifest = {
    name: packageName(folder),
    private: true,
    type: "module",
    engines: { node: ">=24" },
    dependencies: packages,
    devDependencies: { "@types/node": "^24.0.0", typescript: ">=5.8" },
  };
  return {
    packages,
    keep: {
      "package.json": `${JSON.stringify(manifest, null, 2)}\n`,
      "tsconfig.json": `${JSON.stringify({ compilerOptions }, null, 2)}\n`,
      ".gitignore": "node_modules/\n.asof/\n",
    },
  };
}

/** For the editor and `tsc`: Node itself runs the files as they are. */
const compilerOptions = {
  target: "es2024",
  module: "nodenext",
  types: ["node"],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
};

/** This very version; from a checkout, which no registry has, by its path. */
function ownSpecifier(): string {
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
  if (root.split(path.sep).includes("node_modules")) return `^${version}`;
  return `file:${realpathSync(root).replaceAll(path.sep, "/")}`;
}

function packageName(folder: string): string {
  const name = path
    .basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+|[._-]+$/g, "");
  // npm refuses a package that depends on one of its own name.
  return name === "" || name === "asof" || name === "node_modules" ? "features" : name;
}
