import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { errorTable } from "../src/core/errors.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(path.join(root, "docs/client.md"), "utf8");

test("the code in docs/client.md compiles against the flights of the quickstart, and no feature that they lack", () => {
  const [first, second, ...more] = [...page.matchAll(/```ts\n([^`]*)```/g)].map(([, code]) => code);
  expect(more).toEqual([]);
  const folder = mkdtempSync(path.join(tmpdir(), "asof-client-docs-"));
  const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
  try {
    mkdirSync(path.join(folder, "node_modules"));
    symlinkSync(path.join(root, "node_modules/@types"), path.join(folder, "node_modules/@types"), "dir");
    copyFileSync(path.join(root, "examples/flights/definitions.ts"), path.join(folder, "definitions.ts"));
    write("package.json", '{ "type": "module" }');
    write("first.ts", `${first}\nvoid [late, prediction];\n`);
    write("wrong.ts", first.replace("origin__late_3h", "origin__late_4h"));
    write(
      "second.ts",
      `import type { Client } from "asof/client";
import type * as definitions from "./definitions.ts";
declare const asof: Client<typeof definitions>;
declare const rows: readonly { origin: string; destination: string; scheduled: Date; distance: number }[];
${second}`,
    );
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      module: "nodenext",
      target: "es2024",
      lib: ["es2024", "esnext.disposable", "esnext.iterator", "esnext.collection"],
      types: ["node"],
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      paths: {
        asof: [path.join(root, "src/index.ts")],
        "asof/client": [path.join(root, "src/surfaces/client/index.ts")],
      },
    };
    write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    let found = "";
    try {
      execFileSync(process.execPath, [path.join(root, "node_modules/typescript/bin/tsc"), "-p", folder], {
        encoding: "utf8",
      });
    } catch (error) {
      found = (error as { readonly stdout: string }).stdout;
    }
    const faults = [...found.matchAll(/^\S*?(\w+\.ts)\(.*$/gm)].map(([text, file]) => ({ file, text }));
    expect(faults).toMatchObject([{ file: "wrong.ts", text: expect.stringContaining("origin__late_4h") }]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("its codes are those of the table", () => {
  for (const [code] of page.matchAll(/ASOF_\w+/g)) expect(errorTable).toHaveProperty(code);
});
