import { appendFileSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Project } from "./project.ts";

let project: Project;
beforeAll(async () => {
  project = new Project();
  await project.json(["init", "--template", "blank"]);
  appendFileSync(
    project.path("orders.ndjson"),
    '{"placed":"2025-01-02T09:00:00Z","customer":"eve-of-forget","amount":1}\n',
  );
  await project.json(["apply"]);
  await project.json(["ingest", "orders", "orders.ndjson"]);
  await project.json(["materialize"]);
});
afterAll(() => project.remove());

const forget = ["forget", "customer", "customer=eve-of-forget"];
const orders = async (customer: string): Promise<unknown> => {
  const answer = (await project.json(["get", "customer_features", `customer=${customer}`])) as {
    values: Record<string, unknown>;
  };
  return answer.values["spending__orders_lifetime"];
};

// The tests of this file are one session, in its order.
test("where nobody can be asked, it erases nothing without --yes", async () => {
  expect(await project.error(forget)).toMatchObject({ code: "ASOF_USAGE" });
  expect(await project.error(["forget", "customer", "name=ada", "--yes"])).toMatchObject({
    code: "ASOF_UNKNOWN_FIELD",
  });
  expect(await project.error(["forget", "nobody", "name=ada", "--yes"])).toMatchObject({ code: "ASOF_NOT_FOUND" });
  expect(await project.json([...forget, "--dry-run"])).toMatchObject({
    dryRun: true,
    erased: false,
    records: { orders: 1 },
    rebuilt: ["spending"],
  });
  expect(await orders("eve-of-forget")).toBe(1);
});

test("it erases, says what, and proves it", async () => {
  const { code, out } = await project.run([...forget, "--yes"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^orders +1$/m);
  expect(out).toMatch(/^views rebuilt +spending$/m);
  expect(out).toMatch(/^Searched again: 0 records left, 0 files of .* with the key's text\.$/m);
  expect(await orders("eve-of-forget")).toBe(0);
  expect(await orders("ada")).toBe(2);
  expect(readFileSync(project.path(".asof/forgotten.json"), "utf8")).not.toContain("eve-of-forget");
});

test("what nothing carries is said, and is no error", async () => {
  const { code, out } = await project.run([...forget, "--yes"]);
  expect([code, out]).toEqual([0, "Nothing carries this key of customer: there is nothing to erase.\n"]);
});
