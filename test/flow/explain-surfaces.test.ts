import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Explanation, Store } from "asof";
import { formatTimestamp, HOUR } from "../../src/core/time/timestamp.ts";
import { explanationText } from "../../src/surfaces/cli/explanation-text.ts";
import { plain } from "../../src/surfaces/cli/style.ts";
import { buildServer } from "../../src/surfaces/http/build-server.ts";
import { asof } from "../cli/captured-io.ts";
import { from, openLateStore } from "./late-events.ts";
import { schemaValidator } from "./schema-validator.ts";

type Json = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- answers are what is tested

const folder = mkdtempSync(path.join(tmpdir(), "asof-explain-"));
const at = formatTimestamp(from + 6 * HOUR);
let store: Store;

beforeAll(async () => {
  ({ store } = await openLateStore(folder));
  const definitions = JSON.stringify(fileURLToPath(new URL("late-events.ts", import.meta.url)));
  writeFileSync(
    path.join(folder, "asof.config.ts"),
    `import { definitions, from } from ${definitions};
     export default { definitions, home: ${JSON.stringify(path.join(folder, "home"))}, clock: { simulated: "2026-03-02" } };\n`,
  );
}, 60_000);

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("over HTTP", () => {
  const asked = [
    { feature: "everything.sum_1h", keys: { user: "ann" }, at },
    { feature: "everything.count_1h_x5", keys: { user: "bob" } },
    { feature: "everything.last_at_1d", keys: { user: "ann" }, at, knowledge: "now" },
    { feature: "everything.by_big_1h", keys: { user: "ann" }, at },
    { feature: "six_hours.n", keys: { user: "ann" }, at },
    { feature: "everything.count_lifetime", keys: { user: null } },
  ];

  test("by query and by body it is the same, and as /openapi.json says", async () => {
    const app = buildServer(store);
    try {
      const { paths } = (await app.inject("/openapi.json")).json<Json>();
      const { get, post } = paths["/v1/explain"];
      for (const { keys, ...rest } of asked) {
        const byBody = await app.inject({
          method: "POST",
          url: "/v1/explain",
          headers: { "content-type": "application/json" },
          payload: JSON.stringify({ keys, ...rest }),
        });
        expect(byBody.statusCode, byBody.body).toBe(200);
        const byQuery = await app.inject({
          url: "/v1/explain",
          query: { ...rest, keys: JSON.stringify(keys) } as Record<string, string>,
        });
        expect(byQuery.statusCode, byQuery.body).toBe(200);
        const explanation = byBody.json<Json>();
        for (const operation of [get, post]) {
          const validate = await schemaValidator(operation.responses["200"].content["application/json"].schema);
          expect(validate(explanation)).toBeNull();
        }
        expect(explanation).toMatchObject({ check: { equal: true }, online: { state: "equal" } });
        // Asked for nothing else, time goes on between two calls.
        if (rest.at !== undefined && rest.knowledge === undefined) {
          const { online, ...others } = explanation;
          const { online: later, ...again } = byQuery.json<Json>();
          expect(again).toEqual(others);
          expect(later.value).toEqual(online.value);
        }
      }
    } finally {
      await app.close();
    }
  });

  test("what it cannot read is refused, and other methods with it", async () => {
    const app = buildServer(store);
    try {
      for (const [query, code] of [
        ["feature=everything", "ASOF_REQUEST"],
        ["feature=everything.sum_1h&keys=7", "ASOF_REQUEST"],
        ["feature=everything.sum_1h&keys={", "ASOF_JSON"],
        ["feature=everything.sum_1h&keys={}&knowledge=later", "ASOF_REQUEST"],
        ["feature=everything.sum_2h&keys={}", "ASOF_UNKNOWN_FEATURE"],
        ["feature=anything.sum_1h&keys={}", "ASOF_UNKNOWN_VIEW"],
        ["feature=everything.sum_1h&keys={}", "ASOF_MISSING_KEY"],
        ["feature=everything.sum_1h&keys={}&when=now", "ASOF_REQUEST"],
      ] as const) {
        const answer = await app.inject(`/v1/explain?${query}`);
        expect([query, answer.json<Json>()["error"].code]).toEqual([query, code]);
      }
      const { headers, statusCode } = await app.inject({ method: "DELETE", url: "/v1/explain" });
      expect([statusCode, headers["allow"]]).toEqual([405, "GET, HEAD, POST"]);
    } finally {
      await app.close();
    }
  });
});

test("a difference between the stores cannot be overlooked", async () => {
  const explanation = (await store.explain("everything", "good_1d", { user: "ann" })) as Extract<
    Explanation,
    { kind: "aggregateView" }
  >;
  const { online, check } = explanation;
  if (online.state === "absent") throw new Error("it is online");
  const text = (one: Explanation): string => explanationText(one, plain);
  expect(text(explanation)).not.toContain("DIFFERENT");
  expect(text({ ...explanation, online: { ...online, state: "different", value: -1 } })).toMatch(
    /^online +DIFFERENT at .*: online -1 \(PRESENT/m,
  );
  expect(text({ ...explanation, check: { ...check, equal: false, explained: -2 } })).toMatch(
    /^history +DIFFERENT: the records below give -2, the join \d+/m,
  );
});

// Last: the command has the store to itself.
describe("asof explain", () => {
  beforeAll(() => store.close());

  test("tells people what they need at a glance", async () => {
    const { code, out, err } = await asof(["explain", "everything.sum_1h", "user=ann", "--at", at], { cwd: folder });
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^everything\.sum_1h = -?\d/);
    expect(out).toMatch(/^key +user="ann"$/m);
    expect(out).toMatch(/^history +the records below give the same as the point-in-time join$/m);
    expect(out).toMatch(/^online +equal bit for bit at .*, now: -?\d/m);
    expect(out).toMatch(/^covers +from 2026-03-02T11:00:00Z to before 2026-03-02T12:00:00Z$/m);
    expect(out).toMatch(/^tiles +12 of 5m, \d+ with records, from .*; all closed$/m);
    expect(out).toMatch(/^Records, by the size of the value/m);
  });

  test("prints it whole with --json", async () => {
    const { code, out } = await asof(["explain", "six_hours.n", "user=ann", "--knowledge", "now", "--json"], {
      cwd: folder,
    });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      kind: "batchView",
      knowledge: "now",
      check: { equal: true },
      online: { state: "equal" },
      read: { state: "read", run: { id: expect.any(Number) as number } },
    });
  });

  test.each([
    [
      "everything.sum_1h user=ann --at 2026-03-02T09:00 --knowledge now",
      /^knowledge +in hindsight, what is known at /m,
    ],
    ["everything.sum_15m_x4 user=ann", /^Windows\nelement +from/m],
    ["everything.by_ok_1d user=ann", /^Values\nvalue +records/m],
    ["everything.last_at_1d user=ann", /^Records, by the order of records, the newest first/m],
    ["everything.count_lifetime user=ann", /^tiles +one for all of time$/m],
    ["six_hours.n user=ann", /^Versions.*\nstate +value +covers until/m],
    ["six_hours.n user=nobody", /^no version of a row for this key$/m],
  ])("%s", async (command, expected) => {
    const { code, out, err } = await asof(["explain", ...command.split(" ")], { cwd: folder });
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(expected);
  });

  test.each([
    ["everything", "ASOF_USAGE"],
    ["evrything.sum_1h user=ann", "ASOF_UNKNOWN_VIEW"],
    ["everything.sum_1 user=ann", "ASOF_UNKNOWN_FEATURE"],
    ["everything.sum_1h usr=ann", "ASOF_UNKNOWN_FIELD"],
    ["everything.sum_1h", "ASOF_MISSING_KEY"],
    ["everything.sum_1h user=ann --at 2099-01-01", "ASOF_FUTURE_READ"],
  ])("refuses %s", async (command, expected) => {
    const { code, out } = await asof(["explain", ...command.split(" "), "--json"], { cwd: folder });
    expect(code).toBe(1);
    expect((JSON.parse(out) as { error: { code: string } }).error.code).toBe(expected);
  });
});
