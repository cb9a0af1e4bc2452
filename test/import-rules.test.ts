import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

interface Report {
  readonly modules: number;
  readonly unseen: readonly string[];
  readonly violations: readonly { readonly rule: string; readonly from: string; readonly to: string }[];
}

const checker = fileURLToPath(new URL("../scripts/check-imports.js", import.meta.url));

/** @returns what the checker that `npm run check` runs says about a project folder */
function checkImports(project: string): Promise<Report> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [checker, project, "--json"], { maxBuffer: 1 << 28 }, (error, stdout) => {
      if (stdout === "") reject(error ?? new Error("the checker printed nothing"));
      else resolve(JSON.parse(stdout) as Report);
    });
  });
}

/** A small tree that obeys every rule, and what the planted files below import. */
const lawful: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({
    name: "planted",
    type: "module",
    dependencies: { driver: "1.0.0" },
    devDependencies: { tester: "1.0.0", peer: "1.0.0" },
    peerDependencies: { peer: "1.0.0" },
  }),
  "node_modules/driver/package.json": JSON.stringify({ name: "driver", version: "1.0.0", main: "utils.js" }),
  "node_modules/driver/utils.js": "module.exports = 1;",
  "node_modules/peer/package.json": JSON.stringify({ name: "peer", version: "1.0.0", main: "index.js" }),
  "node_modules/peer/index.js": "module.exports = 1;",
  "node_modules/tester/package.json": JSON.stringify({ name: "tester", version: "1.0.0", main: "index.js" }),
  "node_modules/tester/index.js": "module.exports = 1;",
  "src/index.ts": `export * from "./store.ts"; export * from "./configuration.ts"; export * from "./core/a/b.ts";`,
  "src/store.ts": `import "./stages/one/s.ts"; import type { P } from "./ports/p.ts"; import { b } from "./core/a/b.ts";
    export const store = b; export type S = P;`,
  "src/configuration.ts": `import "./adapters/x/x.ts"; import "./store.ts"; import "./ports/p.ts"; import "driver";`,
  "src/open.ts": `import "./adapters/y/y.ts"; import "node:fs";`,
  "src/fold-worker.ts": `import "./adapters/y/y.ts"; import "./stages/one/s.ts";`,
  "src/core/a/b.ts": `import { c } from "../c.ts"; export const b = c; export type B = number;`,
  "src/core/c.ts": `export const c = 1; export type C = number;`,
  "src/core/c.test.ts": `import "node:fs"; import "tester"; import "driver"; import "../../test/oracle.ts"; import "./c.ts";`,
  "src/ports/p.ts": `import type { B } from "../core/a/b.ts"; import type { Q } from "./q.ts";
    export type { C } from "../core/c.ts"; export interface P { b: B; q: Q }`,
  "src/ports/q.ts": `export type Q = number;`,
  "src/stages/one/s.ts": `import { t } from "./inner/t.ts"; import { b } from "../../core/a/b.ts";
    import type { P } from "../../ports/p.ts"; export const s = t + b; export type SP = P;`,
  "src/stages/one/inner/t.ts": `export const t = 1;`,
  "src/stages/two/u.ts": `export const u = 1; export type U = number;`,
  "src/adapters/x/x.ts": `import "driver"; import "node:fs"; import "./worker.ts"; import { b } from "../../core/a/b.ts";
    import type { P } from "../../ports/p.ts"; export const x = b; export type X = P;`,
  "src/adapters/x/worker.ts": `export const worker = 1;`,
  "src/adapters/y/y.ts": `export const y = 1; export type Y = number;`,
  "src/surfaces/cli/main.ts": `import "../../store.ts"; import "../../configuration.ts"; import "../../core/c.ts";
    import "../http/server.ts"; import "driver"; import "node:fs"; await import("../../open.ts");`,
  "src/surfaces/http/server.ts": `await import("peer"); export const server = 1; export type Server = number;`,
  "src/surfaces/client/index.ts": `import type { B } from "../../core/a/b.ts"; import type { Server } from "../http/server.ts";
    export { call } from "./call.ts"; export type R = B | Server;`,
  "src/surfaces/client/call.ts": `export const call = 1;`,
  "test/oracle.ts": `import "../src/adapters/x/x.ts"; import "../src/stages/one/s.ts"; import "tester"; import "node:fs";`,
  "bench/one.bench.ts": `import "../src/core/c.ts"; import "../src/adapters/x/x.ts"; import "../test/oracle.ts";`,
  "examples/flights/quickstart.ts": `import "asof"; import "./data.ts"; import "node:fs";`,
  "examples/flights/data.ts": `export const data = 1;`,
  "src/stages/one/column-utilities.ts": `export const commonest = 1;`,
};

/** Each line breaks exactly the rules named: file, its source, and `rule → what it imported`. */
const planted: readonly (readonly [file: string, source: string, ...found: string[]])[] = [
  ["src/core/v1.ts", `import "node:fs";`, "core-imports-only-core → fs"],
  ["src/core/v2.ts", `import "driver";`, "core-imports-only-core → node_modules/driver/utils.js"],
  ["src/core/v3.ts", `import type { P } from "../ports/p.ts";`, "core-imports-only-core → src/ports/p.ts"],
  ["src/core/v4.ts", `import "../store.ts";`, "core-imports-only-core → src/store.ts"],
  ["src/core/v5.ts", `export * from "crypto";`, "core-imports-only-core → crypto"],
  ["src/core/v6.ts", `export const v = () => import("node:os");`, "core-imports-only-core → os"],
  ["src/core/v7.ts", `export { u } from "../stages/two/u.ts";`, "core-imports-only-core → src/stages/two/u.ts"],
  ["src/ports/v1.ts", `import "../core/c.ts";`, "ports-import-core-types-only → src/core/c.ts"],
  ["src/ports/v2.ts", `export { c } from "../core/c.ts";`, "ports-import-core-types-only → src/core/c.ts"],
  [
    "src/ports/v6.ts",
    `import type { C } from "../core/c.ts"; import "../core/c.ts";`,
    "ports-import-core-types-only → src/core/c.ts",
  ],
  ["src/ports/v3.ts", `import type { U } from "../stages/two/u.ts";`, "ports-import-only-core → src/stages/two/u.ts"],
  ["src/ports/v4.ts", `import type { Stats } from "node:fs";`, "ports-import-only-core → fs"],
  ["src/ports/v5.ts", `import type { D } from "driver";`, "ports-import-only-core → node_modules/driver/utils.js"],
  [
    "src/stages/one/v1.ts",
    `import type { U } from "../two/u.ts";`,
    "stages-import-core-ports-and-themselves → src/stages/two/u.ts",
  ],
  [
    "src/stages/one/v2.ts",
    `import "../../adapters/x/x.ts";`,
    "stages-import-core-ports-and-themselves → src/adapters/x/x.ts",
    "only-configuration-names-adapters → src/adapters/x/x.ts",
  ],
  [
    "src/stages/one/v3.ts",
    `import "driver";`,
    "stages-import-core-ports-and-themselves → node_modules/driver/utils.js",
  ],
  ["src/stages/one/v4.ts", `import "node:path";`, "stages-import-core-ports-and-themselves → path"],
  ["src/stages/one/v5.ts", `import "../../store.ts";`, "stages-import-core-ports-and-themselves → src/store.ts"],
  [
    "src/stages/one/v6.ts",
    `import "../../surfaces/http/server.ts";`,
    "stages-import-core-ports-and-themselves → src/surfaces/http/server.ts",
  ],
  [
    "src/adapters/x/v1.ts",
    `import type { Y } from "../y/y.ts";`,
    "adapters-import-core-ports-and-themselves → src/adapters/y/y.ts",
  ],
  [
    "src/adapters/x/v2.ts",
    `import "../../stages/two/u.ts";`,
    "adapters-import-core-ports-and-themselves → src/stages/two/u.ts",
  ],
  ["src/adapters/x/v3.ts", `import "../../store.ts";`, "adapters-import-core-ports-and-themselves → src/store.ts"],
  [
    "src/adapters/x/v4.ts",
    `import "../../surfaces/http/server.ts";`,
    "adapters-import-core-ports-and-themselves → src/surfaces/http/server.ts",
  ],
  ["src/adapters/x/v5.ts", `import "tester";`, "src-imports-dependencies-only → node_modules/tester/index.js"],
  [
    "src/surfaces/cli/v1.ts",
    `import "../../stages/two/u.ts";`,
    "surfaces-import-store-core-and-surfaces → src/stages/two/u.ts",
  ],
  [
    "src/surfaces/cli/v2.ts",
    `import type { Y } from "../../adapters/y/y.ts";`,
    "surfaces-import-store-core-and-surfaces → src/adapters/y/y.ts",
    "only-configuration-names-adapters → src/adapters/y/y.ts",
  ],
  [
    "src/surfaces/cli/v3.ts",
    `import type { P } from "../../ports/p.ts";`,
    "surfaces-import-store-core-and-surfaces → src/ports/p.ts",
  ],
  ["src/surfaces/cli/v4.ts", `import "../../index.ts";`, "surfaces-import-store-core-and-surfaces → src/index.ts"],
  ["src/surfaces/client/v1.ts", `import "../../core/c.ts";`, "client-imports-server-types-only → src/core/c.ts"],
  [
    "src/surfaces/client/v2.ts",
    `import "../http/server.ts";`,
    "client-imports-server-types-only → src/surfaces/http/server.ts",
  ],
  [
    "src/surfaces/client/v3.ts",
    `import "driver"; import type { Stats } from "node:fs";`,
    "client-imports-no-package → fs",
    "client-imports-no-package → node_modules/driver/utils.js",
  ],
  ["src/v1.ts", `import "./adapters/x/x.ts";`, "only-configuration-names-adapters → src/adapters/x/x.ts"],
  ["src/v2.ts", `import "./core/c.test.ts";`, "nothing-imports-tests-and-benches → src/core/c.test.ts"],
  ["src/v3.ts", `import "../test/oracle.ts";`, "nothing-imports-tests-and-benches → test/oracle.ts"],
  ["examples/v4.ts", `import "../bench/one.bench.ts";`, "nothing-imports-tests-and-benches → bench/one.bench.ts"],
  ["src/v5.ts", `import "./nowhere.ts";`, "imports-exist → ./nowhere.ts"],
  ["src/v6.ts", `import type { I } from "./core/inner/index.ts";`, "no-inner-barrels → src/core/inner/index.ts"],
  ["src/core/inner/index.ts", `export type { C as I } from "../c.ts";`],
  [
    "src/core/round.ts",
    `import type { Y } from "./trip.ts"; export type X = Y;`,
    "no-cycles → src/core/trip.ts → src/core/round.ts",
  ],
  ["src/core/trip.ts", `import type { X } from "./round.ts"; export type Y = X;`],
  ["src/core/utils/v.ts", `import "../c.ts";`, "no-vague-names → src/core/c.ts"],
  ["src/core/string-helpers.ts", `export const v = 1;`, "no-vague-names-alone → src/core/string-helpers.ts"],
  ["src/core/common.ts", `export const v = 1;`],
  ["src/core/v8.ts", `import "./common.ts";`, "no-vague-names-imported → src/core/common.ts"],
  ["test/misc/v.ts", `export const v = 1;`, "no-vague-names-alone → test/misc/v.ts"],
];

async function plant(project: string, files: readonly (readonly [string, string, ...string[]])[]): Promise<void> {
  for (const [file, source] of files) {
    await mkdir(path.dirname(path.join(project, file)), { recursive: true });
    await writeFile(path.join(project, file), source);
  }
}

describe("import rules", () => {
  let folder = "";
  let report: Report;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "asof-import-rules-"));
    await plant(path.join(folder, "lawful"), Object.entries(lawful));
    await plant(path.join(folder, "planted"), [...Object.entries(lawful), ...planted]);
    report = await checkImports(path.join(folder, "planted"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("a tree that obeys them has no violation, every file looked at", async () => {
    const modules = Object.keys(lawful).filter((file) => file.endsWith(".ts")).length;
    expect(await checkImports(path.join(folder, "lawful"))).toEqual({ modules, unseen: [], violations: [] });
  });

  test.each(planted)("%s: %s", (file, _source, ...found) => {
    const seen = report.violations.filter(({ from }) => from === file).map(({ rule, to }) => `${rule} → ${to}`);
    expect(seen.toSorted()).toEqual(found.toSorted());
  });

  test("no violation but the planted ones", () => {
    expect(report.violations).toHaveLength(planted.reduce((sum, [, , ...found]) => sum + found.length, 0));
    expect(report.unseen).toEqual([]);
  });

  test("this project's tree is looked at", async () => {
    const { modules, unseen } = await checkImports(fileURLToPath(new URL("..", import.meta.url)));
    expect(modules).toBeGreaterThan(0);
    expect(unseen).toEqual([]);
  });
});
