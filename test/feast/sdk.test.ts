import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import type { Store } from "../../src/store.ts";
import { asof } from "../cli/captured-io.ts";
import { openDrivers, repository } from "./open-drivers.ts";
import { exact } from "./same.ts";
import { feastPython, runPython } from "./sdk.ts";

/** Python takes its time to load Feast, more where the machine is busy. */
const PATIENCE = 300_000;

const found = feastPython();
if ("reason" in found) process.stderr.write(`skipped: Feast's SDK against the server: ${found.reason}\n`);

/** What the SDK gave when it spoke to Feast's own server. */
const recorded = readFileSync(new URL("./exchanges.json", import.meta.url), "utf8");

describe.skipIf("reason" in found)("Feast's SDK", { timeout: PATIENCE }, () => {
  const python = "python" in found ? found.python : "";
  let store: Store;
  let server: RunningServer;

  beforeAll(async () => {
    store = await openDrivers();
    server = await serve(store, { port: 0, logger: false });
  });
  afterAll(async () => {
    await server.close();
    await store.close();
  });

  test("gets from asof what it gets from Feast, and errors that it understands where Feast fails", async () => {
    const out = await runPython(python, "sdk_calls.py", [server.url, path.join(repository, "data/registry.db")]);
    const given = exact(out) as Record<string, unknown>;
    const theirs = (exact(recorded) as { given: Record<string, unknown> }).given;
    // Feast's server answers both with 500, which its client sends again and again.
    const better = {
      "no service": { raised: "FeatureServiceNotFoundException" },
      collision: { raised: "FeatureNameCollisionError" },
    };
    expect(given).toEqual({ ...theirs, ...better });
  });

  test("tells an import from Python files what its registry tells", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "asof-import-"));
    try {
      const { code, err, out } = await asof(["import", "feast", repository, "--python", python], { cwd: folder });
      expect(code, out + err).toBe(0);
      const [own, registry] = [path.join(folder, "feast.ts"), path.join(repository, "definitions.ts")].map((file) =>
        readFileSync(file, "utf8").split("\n").slice(1),
      );
      expect(own).toEqual(registry);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
