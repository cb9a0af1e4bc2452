import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ended, Project } from "./project.ts";

let project: Project;
beforeAll(() => {
  project = new Project();
});
afterAll(() => project.remove());

// The tests of this file are one session, in its order.
describe("the blank project", () => {
  test("is made, and its types are right", async () => {
    const made = (await project.json(["init", "--template", "blank"])) as { written: string[]; next: string[] };
    expect(made.next.join("\n")).not.toContain("npm install asof");
    const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
    const types = fileURLToPath(new URL("../../node_modules/@types", import.meta.url));
    execFileSync(process.execPath, [tsc, "--typeRoots", types], { cwd: project.folder, stdio: "inherit" });
  });

  test("plan says what is new, and with --exit-code that there is something", async () => {
    const { code, out } = await project.run(["plan", "--exit-code"]);
    expect(code).toBe(2);
    for (const name of ["customer", "orders", "spending", "customer_features"])
      expect(out).toMatch(new RegExp(`\\+ +created +\\w+ +${name}\\b`));
    expect(await project.json(["plan"])).toMatchObject({ revision: 0, empty: false });
  });

  test("nothing is served or loaded before apply", async () => {
    expect(await project.error(["ingest", "orders", "orders.ndjson"])).toMatchObject({ code: "ASOF_NOT_APPLIED" });
  });

  test("apply makes it so, once", async () => {
    expect(await project.json(["apply"])).toMatchObject({ applied: true, revision: 1 });
    expect(await project.json(["apply"])).toMatchObject({ applied: false, revision: 1, empty: true });
    expect((await project.run(["plan", "--exit-code"])).code).toBe(0);
  });

  test("ingest loads a file, and standard input", async () => {
    expect(await project.json(["ingest", "orders", "orders.ndjson"])).toMatchObject({
      rows: 3,
      rejected: 0,
      minEvent: "2025-01-01T09:00:00Z",
      maxEvent: "2025-01-02T08:15:00Z",
    });
    const csv = "placed,customer,amount\n2025-01-03T00:00:00Z,eve,1\n";
    expect(await project.json(["ingest", "orders", "-"], csv)).toMatchObject({ rows: 1 });
  });

  test("a bad row is refused with its place, and nothing is loaded", async () => {
    const rows = '{"placed":"2025-01-01","customer":"x","amount":1}\n{"placed":"noon","customer":"x","amount":1}\n';
    writeFileSync(project.path("bad.ndjson"), rows);
    const error = await project.error(["ingest", "orders", "bad.ndjson"]);
    expect(error.code).toMatch(/^ASOF_(TIMESTAMP|TYPE|FILE)$/);
    expect(JSON.stringify(error.details)).toContain("bad.ndjson");
    const text = await project.run(["ingest", "orders", "-"], rows);
    expect(text).toMatchObject({ code: 1, out: "" });
    expect(text.err).not.toContain("asof-stdin");
    expect(await project.json(["ingest", "orders", "bad.ndjson", "--rejects"])).toMatchObject({ rows: 1, rejected: 1 });
  });

  test("get answers from history as of a past time", async () => {
    const answer = await project.json(["get", "customer_features", "customer=ada", "--at", "2025-01-02"]);
    expect(answer).toMatchObject({
      service: "customer_features",
      t: "2025-01-02T00:00:00Z",
      values: {
        spending__orders_1d: 2,
        spending__amount_1d: 19.5,
        spending__mean_30d: 9.75,
        spending__orders_lifetime: 2,
      },
      eventTimes: { spending: "2025-01-01T17:30:00Z" },
    });
    const { out } = await project.run(["get", "customer_features", "customer=ada", "--at", "2025-01-02"]);
    expect(out).toMatch(/spending__amount_1d +19\.5 +PRESENT +2025-01-01T17:30:00Z/);
  });

  test("materialize, and get from the online store", async () => {
    expect(await project.json(["materialize"])).toMatchObject([{ view: "spending", how: "built" }]);
    expect(await project.json(["materialize"])).toMatchObject([{ view: "spending", how: "unchanged" }]);
    expect(await project.json(["get", "customer_features", "customer=ada"])).toMatchObject({
      values: { spending__orders_1d: 0, spending__orders_lifetime: 2, spending__amount_lifetime: 19.5 },
      eventTimes: { spending: "2025-01-01T17:30:00Z" },
    });
    expect(await project.json(["get", "customer_features", "customer=nobody"])).toMatchObject({
      values: { spending__orders_30d: 0, spending__mean_30d: null },
      statuses: { spending: "PRESENT" },
    });
  });

  test("dataset finds features for a file of keys and moments, and for a query", async () => {
    writeFileSync(project.path("spine.csv"), "who,t\nada,2025-01-01T12:00:00Z\nada,2025-01-02T00:00:00Z\n");
    const args = [
      "dataset",
      "customer_features",
      "--spine",
      "spine.csv",
      "--input",
      "customer=who",
      "--out",
      "x.parquet",
    ];
    expect(await project.json(args)).toMatchObject({ rows: 2, path: project.path("x.parquet") });
    expect(existsSync(project.path("x.parquet"))).toBe(true);
    const sql = "select customer, placed as t from orders where amount > 5";
    expect(await project.json(["dataset", "customer_features", "--spine", sql, "--out", "y.parquet"])).toMatchObject({
      rows: 3,
    });
  });

  test("status and runs tell of it", async () => {
    const { out } = await project.run(["status"]);
    expect(out).toMatch(/orders +5 /);
    expect(out).toMatch(/spending +aggregate .*up to date/);
    expect(await project.json(["status"])).toMatchObject({ home: project.path(".asof"), revision: 1 });
    const runs = (await project.json(["runs", "--kind", "load"])) as { kind: string; startedAt: string }[];
    expect(runs.length).toBeGreaterThanOrEqual(3);
    expect(runs.every((run) => run.kind === "load" && /^\d{4}-.*Z$/.test(run.startedAt))).toBe(true);
    expect((await project.run(["runs"])).out).toMatch(/materialize/);
  });

  test.each([
    [["ingest", "oders", "orders.ndjson"], "ASOF_UNKNOWN_SOURCE"],
    [["ingest", "orders", "nowhere.csv"], "ASOF_FILE"],
    [["ingest", "orders", "-"], "ASOF_EMPTY"],
    [["materialize", "spendings"], "ASOF_UNKNOWN_VIEW"],
    [["get", "customers", "customer=ada"], "ASOF_UNKNOWN_SERVICE"],
    [["get", "customer_features"], "ASOF_MISSING_KEY"],
    [["get", "customer_features", "cutsomer=ada"], "ASOF_UNKNOWN_FIELD"],
    [["get", "customer_features", "customer=ada", "--at", "2100-01-01"], "ASOF_FUTURE_READ"],
    [["predict", "churn", "customer=ada"], "ASOF_UNKNOWN_MODEL"],
    [["dataset", "customer_features", "--spine", "select 1 from nowhere", "--out", "z.parquet"], "ASOF_SQL"],
    [["status", "--home", "orders.ndjson"], "ASOF_HOME"],
  ])("%j fails with %s", async (args, code) => {
    expect(await project.error(args)).toMatchObject({ code });
    expect(existsSync(project.path("z.parquet"))).toBe(false);
  });

  test("--home and --config name other places", async () => {
    expect(await project.json(["status", "--home", "other"])).toMatchObject({
      home: project.path("other"),
      revision: 0,
    });
    writeFileSync(
      project.path("second.config.ts"),
      readFileSync(project.path("asof.config.ts"), "utf8").replace("{ def", '{ home: "third", def'),
    );
    expect(await project.json(["status", "--config", "second.config.ts"])).toMatchObject({
      home: project.path("third"),
    });
  });

  test("a definition that is not valid is told with its file and line", async () => {
    const text = readFileSync(project.path("definitions.ts"), "utf8");
    writeFileSync(project.path("wrong.ts"), text.replace('"1d"', '"7x"'));
    writeFileSync(
      project.path("wrong.config.ts"),
      'import * as definitions from "./wrong.ts";\nexport default { definitions };\n',
    );
    expect(await project.error(["plan", "--config", "wrong.config.ts"])).toMatchObject({
      code: "ASOF_WINDOW",
      details: { file: project.path("wrong.ts"), line: expect.any(Number) as number },
    });
  });

  test("serve answers until it is told to stop, then ends well", async () => {
    const child = project.start(["serve", "--port", "0", "--json"]);
    const end = ended(child);
    const document = await new Promise<{ url: string; pid: number }>((resolve, reject) => {
      child.stdout!.once("data", (chunk: Buffer) =>
        resolve(JSON.parse(chunk.toString()) as { url: string; pid: number }),
      );
      child.once("close", () => reject(new Error("the server ended")));
    });
    expect(document.pid).toBe(child.pid);
    const health = await fetch(`${document.url}/health`);
    expect(health.status).toBe(200);
    const features = await fetch(`${document.url}/v1/features/customer_features`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ entities: [{ customer: "ada" }] }),
    });
    expect(features.status).toBe(200);
    // One process writes at a time.
    expect(await project.error(["ingest", "orders", "orders.ndjson"])).toMatchObject({ code: "ASOF_HOME_LOCKED" });
    child.kill("SIGTERM");
    const { code, err } = await end;
    expect(code).toBe(0);
    expect(err).toContain("stopped");
  });
});
