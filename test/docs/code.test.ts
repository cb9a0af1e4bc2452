import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import * as asof from "../../src/index.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Block {
  readonly page: string;
  readonly line: number;
  /** The file of the reader's project that it is, where the page says so. */
  readonly file: string | null;
  readonly text: string;
}

/** What a page's blocks take for granted. */
const TAKEN: Readonly<Record<string, string>> = {
  "models.md": 'import { payments, riskFeatures } from "./shop.ts";',
};

const blocks = ["README.md", ...readdirSync(path.join(root, "docs")).map((name) => `docs/${name}`)]
  // The client's page is about the flights of the quickstart: test/client-docs.test.ts compiles it.
  .filter((name) => name.endsWith(".md") && name !== "docs/client.md")
  .flatMap((name) => {
    const page = readFileSync(path.join(root, name), "utf8");
    return [...page.matchAll(/^```ts(?: file=(\S+))?\n(.*?)^```/gms)].map(({ 1: file, 2: text, index }): Block => ({
      page: path.basename(name),
      line: page.slice(0, index).split("\n").length,
      file: file ?? null,
      text,
    }));
  });

/** The block as a module: with the imports that a reader would add, and what the page takes for granted. */
function moduleOf({ page, text }: Block): string {
  // Some features of a view are shown without the view.
  const whole = /^\w+: /.test(text) ? `export default {\n${text}};` : text;
  const missing = Object.keys(asof).filter(
    (name) =>
      new RegExp(`(?<![.\\w"])${name}\\(`).test(whole) && !new RegExp(`import [^;]*\\b${name}\\b[^;]*;`).test(whole),
  );
  return [
    TAKEN[page] ?? "",
    missing.length > 0 ? `import { ${missing.join(", ")} } from "asof";` : "",
    /\bstore\b/.test(whole) && !/const store\b/.test(whole) ? 'declare const store: import("asof").Store;' : "",
    /\bdefinitions,/.test(whole) && !/as definitions\b/.test(whole)
      ? 'import * as definitions from "./definitions.ts";'
      : "",
    whole,
    "export {};",
  ].join("\n");
}

test("all TypeScript in the documentation compiles, and what takes no store for granted runs", () => {
  expect(blocks.length).toBeGreaterThan(12);
  const folder = mkdtempSync(path.join(tmpdir(), "asof-docs-"));
  try {
    mkdirSync(path.join(folder, "node_modules"));
    symlinkSync(path.join(root, "node_modules", "@types"), path.join(folder, "node_modules", "@types"), "dir");
    symlinkSync(root, path.join(folder, "node_modules", "asof"), "dir");
    writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
    const definitions = moduleOf(blocks.find(({ page }) => page === "README.md")!);
    const alone: string[] = [];
    for (const block of blocks) {
      const at = path.join(folder, block.page.replace(".md", ""));
      mkdirSync(at, { recursive: true });
      const own = blocks.filter(({ page, file }) => page === block.page && file !== null);
      if (!own.some(({ file }) => file === "definitions.ts"))
        writeFileSync(path.join(at, "definitions.ts"), definitions);
      if (!own.some(({ file }) => file === "asof.config.ts"))
        writeFileSync(
          path.join(at, "asof.config.ts"),
          'import { configure } from "asof";\nimport * as definitions from "./definitions.ts";\nexport default configure({ definitions });\n',
        );
      writeFileSync(path.join(at, "shop.ts"), readFileSync(path.join(root, "test/docs/shop.ts"), "utf8"));
      const file = path.join(at, block.file ?? `line-${block.line}.ts`);
      const text = moduleOf(block);
      writeFileSync(file, text);
      if (!/declare const store|await /.test(text)) alone.push(file);
    }
    writeFileSync(
      path.join(folder, "tsconfig.json"),
      JSON.stringify({
        // As the project itself, but for what only tidiness asks for: an example may leave a name unused.
        extends: path.join(root, "tsconfig.json"),
        compilerOptions: { rootDir: "/", noUnusedLocals: false, isolatedModules: false },
        include: ["*/*.ts"],
      }),
    );
    const tsc = path.join(root, "node_modules/typescript/bin/tsc");
    let found = "";
    try {
      execFileSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
    } catch (error) {
      found = (error as { stdout: string }).stdout;
    }
    expect(found).toBe("");
    // Definitions and configurations are checked by the functions that make them: each has to be one.
    expect(alone.length).toBeGreaterThan(10);
    const run = alone.map((file) => `await import(${JSON.stringify(pathToFileURL(file).href)});`).join("\n");
    const env = { ...process.env, REDIS_PASSWORD: "secret" };
    execFileSync(process.execPath, [path.join(root, "scripts/setup.js")], { stdio: "ignore" });
    execFileSync(process.execPath, ["--input-type=module", "-e", run], {
      cwd: folder,
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
