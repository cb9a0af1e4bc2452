// Schemathesis, which knows nothing of asof, makes requests of the document that a real server gives of itself, right
// ones and wrong ones, and holds the answers against it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import { type FuzzStore, openFuzzStore } from "../fuzz/http/fuzz-store.ts";
import { pythonEnvironment } from "../servers/python-environment.ts";

const found = pythonEnvironment({
  name: "schemathesis",
  version: "4.32.5",
  wanted: "ASOF_SCHEMATHESIS",
  script: "npm run test:schemathesis",
});
if ("reason" in found) process.stderr.write(`skipped: Schemathesis against the server: ${found.reason}\n`);

const SEED = Number(process.env["ASOF_SEED"] ?? 20010630);
/** Cases of each operation and phase, at the most. */
const CASES = Number(process.env["ASOF_SCHEMATHESIS_CASES"] ?? 10);

describe.skipIf("reason" in found)("Schemathesis", { timeout: 600_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), "asof-schemathesis-"));
  let fuzzed: FuzzStore;
  let server: RunningServer;
  let key: string;

  beforeAll(async () => {
    fuzzed = await openFuzzStore();
    ({ key } = await fuzzed.store.keys.create({ name: "all", scopes: ["admin"], by: "user:ada" }));
    server = await serve(fuzzed.store, { port: 0, logger: false });
  });
  afterAll(async () => {
    await server?.close();
    await fuzzed?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs it in a folder of its own; resolves to what it printed, and how it ended. */
  async function schemathesis(...more: readonly string[]): Promise<{ code: number | null; out: string }> {
    const words = ["run", `${server.url}/openapi.json`, "--no-color", "--seed", String(SEED), "-n", String(CASES)];
    const always = [
      "--header",
      `Authorization: Bearer ${key}`,
      "--generation-database",
      "none",
      "--request-timeout",
      "30",
    ];
    const program = path.join("bin" in found ? found.bin : "", "python");
    const start = "from schemathesis.cli import schemathesis; schemathesis()";
    const child = spawn(program, ["-c", start, ...words, ...always, ...more], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    });
    let out = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (out += chunk.toString()));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("close", resolve);
      child.once("error", reject);
    });
    return { code, out };
  }

  test("finds nothing that is not as the document says", async () => {
    const { code, out } = await schemathesis(
      // A stream of events has no end.
      "--exclude-path",
      "/v1/live",
      "--phases",
      "coverage,fuzzing",
      // What a store holds, and which names there are, is in no schema: a request that is as it says may well be refused.
      "--checks",
      "all",
      "--exclude-checks",
      "positive_data_acceptance",
    );
    process.stderr.write(`${out.split("\n").slice(-12).join("\n")}\n`);
    expect(code, out).toBe(0);
  });
});
