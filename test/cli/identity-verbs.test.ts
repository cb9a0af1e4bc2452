import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { asof, type Captured } from "./captured-io.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const cwd = realpathSync(mkdtempSync(path.join(tmpdir(), "asof-cli-identity-")));
const definitions = JSON.stringify(path.join(root, "src/index.ts"));

beforeAll(async () => {
  mkdirSync(path.join(cwd, "node_modules"));
  symlinkSync(root, path.join(cwd, "node_modules", "asof"), "dir");
  writeFileSync(path.join(cwd, "package.json"), '{"type": "module"}');
  writeFileSync(
    path.join(cwd, "asof.config.ts"),
    `import { configure, eventSource, t } from ${definitions};
     const orders = eventSource("orders", {
       fields: { number: t.int64(), placed: t.timestamp(), amount: t.float64() },
       eventTime: "placed", availableAt: "placed", id: ["number"],
     });
     const visits = eventSource("visits", { fields: { at: t.timestamp() }, eventTime: "at", availableAt: "at" });
     export default configure({ definitions: { orders, visits }, clock: { simulated: "2026-03-02" } });`,
  );
  expect((await run("apply", "--yes")).code).toBe(0);
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const run = (...args: string[]): Promise<Captured> => asof(args, { cwd });
async function json(args: readonly string[], stdin = ""): Promise<Record<string, unknown>> {
  const { out, err } = await asof([...args, "--json"], { cwd, stdin });
  if (out === "") throw new Error(err);
  return JSON.parse(out) as Record<string, unknown>;
}

// The tests of this file are one session, in its order.
test("ingest tells what was known already, by the id or by the key", async () => {
  const orders = "number,placed,amount\n1,2026-03-01,10\n2,2026-03-01,20\n3,2026-03-01,30\n";
  expect(await json(["ingest", "orders", "-"], orders)).toMatchObject({ rows: 3, duplicates: 0 });
  writeFileSync(path.join(cwd, "orders.csv"), `${orders}4,2026-03-01,40\n`);
  const { out } = await run("ingest", "orders", "orders.csv");
  expect(out).toMatch(/^rows +1$/m);
  expect(out).toMatch(/^known already +3 rows$/m);
  expect(
    await json(["ingest", "orders", "-"], "number,placed,amount\n5,2026-03-01,1\n3,2026-03-01,31\n"),
  ).toMatchObject({
    error: { code: "ASOF_ID_CONFLICT", details: { file: "-", row: 2, id: "number=3" } },
  });
  const visits = "at\n2026-03-01\n2026-03-01\n";
  const once = ["ingest", "visits", "-", "--idempotency-key", "day 1"];
  expect(await json(once, visits)).toMatchObject({ rows: 2, duplicates: 0 });
  expect(await json(once, visits)).toMatchObject({ rows: 0, duplicates: 2 });
  expect(await json(once, "at\n2026-03-01\n")).toMatchObject({ error: { code: "ASOF_ID_CONFLICT" } });
});

test("retract takes an id, a file of ids, or standard input", async () => {
  const { code, out } = await run("retract", "orders", "number=1");
  expect(code).toBe(0);
  expect(out).toMatch(/^withdrawn +1$/m);
  expect(await json(["retract", "orders", "number=1"])).toMatchObject({ retracted: 0, duplicates: 1, waiting: 0 });
  writeFileSync(path.join(cwd, "ids.ndjson"), '{"number": 2}\n{"number": 77}\n');
  expect(await json(["retract", "orders", "ids.ndjson"])).toMatchObject({
    source: "orders",
    retracted: 1,
    duplicates: 0,
    waiting: 1,
    stamp: expect.stringMatching(/^2026-03-02T/) as string,
  });
  // What else the file tells of the records does not matter.
  expect(await json(["retract", "orders", "-"], "number,placed\n2,x\n77,x\n")).toMatchObject({ duplicates: 2 });
  for (const [args, code] of [
    [["retract", "orders", "number=x"], "ASOF_TYPE"],
    [["retract", "orders", "amount=1"], "ASOF_UNKNOWN_FIELD"],
    [["retract", "orders", "number=1", "ids.ndjson"], "ASOF_USAGE"],
    [["retract", "visits", "at=2026-03-01"], "ASOF_NO_ID"],
    [["retract", "visits", "ids.ndjson"], "ASOF_NO_ID"],
    [["retract", "nothing", "ids.ndjson"], "ASOF_UNKNOWN_SOURCE"],
  ] as const)
    expect(await json(args)).toMatchObject({ error: { code } });
  expect(await json(["retract", "orders", "-"], "number\n8\nnine\n")).toMatchObject({
    error: { code: "ASOF_TYPE", details: { row: 2, field: "number" } },
  });
});

test("ingest --correct replaces what is known", async () => {
  const amended = "number,placed,amount\n3,2026-03-01,33\n4,2026-03-01,40\n9,2026-03-01,9\n";
  writeFileSync(path.join(cwd, "amended.csv"), amended);
  const { out } = await run("ingest", "orders", "amended.csv", "--correct");
  expect(out).toMatch(/^corrections +2$/m);
  expect(out).toMatch(/^in the place of another +1$/m);
  expect(await json(["ingest", "orders", "-", "--correct"], amended)).toMatchObject({ accepted: 0, duplicates: 3 });
  expect(await json(["ingest", "orders", "amended.csv", "--correct", "--rejects"])).toMatchObject({
    error: { code: "ASOF_USAGE" },
  });
  expect(await json(["ingest", "visits", "amended.csv", "--correct"])).toMatchObject({
    error: { code: "ASOF_NO_ID" },
  });
});
