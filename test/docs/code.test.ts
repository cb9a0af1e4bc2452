import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { moduleOf } from "./modules.ts";
import { blocksOf, pages } from "./pages.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

// The client's page is about the flights of the quickstart: test/client-docs.test.ts compiles it.
const blocks = pages
  .filter((page) => page !== "docs/client.md")
  .flatMap(blocksOf)
  .filter(({ language }) => language === "ts");

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
      const at = path.join(folder, path.basename(block.page, ".md"));
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
