import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { errorTable } from "../src/core/errors.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(path.join(root, "docs/client.md"), "utf8");

test("the code in docs/client.md compiles against the flights of the quickstart", () => {
  const blocks = [...page.matchAll(/```ts\n([^`]*)```/g)].map(([, code]) => code);
  expect(blocks.length).toBe(2);
  // Beside the definitions, where the example's own imports lead.
  const folder = mkdtempSync(path.join(root, "examples/flights/.docs-"));
  try {
    const [first, second] = blocks.map((code) => code.replaceAll("./definitions.ts", "../definitions.ts"));
    writeFileSync(path.join(folder, "first.ts"), `${first}\nvoid [late, prediction];\n`);
    writeFileSync(
      path.join(folder, "second.ts"),
      `import type { Client } from "asof/client";
import type * as definitions from "../definitions.ts";
declare const asof: Client<typeof definitions>;
declare const rows: readonly { origin: string; destination: string; scheduled: Date; distance: number }[];
${second}`,
    );
    writeFileSync(
      path.join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../../../tsconfig.json",
        compilerOptions: { rootDir: root },
        include: ["*.ts"],
      }),
    );
    const tsc = path.join(root, "node_modules/.bin/tsc");
    const run = (): string => execFileSync(tsc, ["-p", folder], { encoding: "utf8", stdio: "pipe" });
    expect(run()).toBe("");
    writeFileSync(path.join(folder, "first.ts"), first.replace("origin__late_3h", "origin__late_4h"));
    expect(run).toThrow();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("its codes are those of the table", () => {
  for (const [code] of page.matchAll(/ASOF_\w+/g)) expect(errorTable).toHaveProperty(code);
});
