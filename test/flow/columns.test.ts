import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as arrow from "apache-arrow";
import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FeatureType, FeatureValue } from "../../src/core/aggregation/feature-type.ts";
import type { FeatureAnswer } from "../../src/core/result/answers.ts";
import { t } from "../../src/core/schema/data-type.ts";
import type { Store } from "../../src/store.ts";
import { arrowAnswer } from "../../src/surfaces/http/columns/arrow-answer.ts";
import { buildServer } from "../../src/surfaces/http/build-server.ts";
import { feastPython } from "../feast/sdk.ts";
import { openTestStore } from "./open-test-store.ts";
import type { Schema } from "../../src/surfaces/http/schema.ts";
import { schemaValidator } from "./schema-validator.ts";

const STREAM = "application/vnd.apache.arrow.stream";

let store: Store;
let app: FastifyInstance;

beforeAll(async () => {
  store = await openTestStore();
  app = buildServer(store);
});

afterAll(async () => {
  await app.close();
  await store.close();
});

const body = {
  entities: [{ customer: "hasty-0" }, { customer: "nobody" }, { customer: "calm-1" }],
  request: [0, 1, 2].map((i) => ({ basket: i === 1 ? "NaN" : 99.5 + i, opened: "2026-03-01T00:00:00.000001Z" })),
};

const ask = (url: string, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> =>
  app.inject({ method: "POST", url, payload: body, headers });

type Rows = {
  results: {
    values: Record<string, unknown>;
    statuses: Record<string, string>;
    eventTimes: Record<string, string | null>;
  }[];
};

test("an answer in columns says what one in rows says", async () => {
  const rows = (await ask("/v1/features/checkout")).json<Rows>().results;
  const text = (await ask("/v1/features/checkout?layout=columns")).body;
  const columns = JSON.parse(text) as { rows: number } & Record<
    "values" | "statuses" | "eventTimes",
    Record<string, unknown[]>
  >;
  expect(columns.rows).toBe(3);
  for (const part of ["values", "statuses", "eventTimes"] as const) {
    expect(Object.keys(columns[part])).toEqual(Object.keys(rows[0][part]));
    for (const [name, column] of Object.entries(columns[part]))
      expect(column, name).toEqual(rows.map((row) => row[part][name]));
  }
  const { paths } = (await app.inject("/openapi.json")).json<{
    paths: Record<string, { post: { responses: Record<string, { content: Record<string, { schema: Schema }> }> } }>;
  }>();
  for (const route of ["/v1/features/checkout", "/v1/features/{service}"]) {
    const { content } = paths[route].post.responses["200"];
    expect((await schemaValidator(content["application/json"].schema))(JSON.parse(text))).toBeNull();
    expect(Object.keys(content)).toContain(STREAM);
  }
  expect((await ask("/v1/features/checkout?layout=rows")).statusCode).toBe(400);
});

test("who accepts Arrow is answered in Arrow, errors but in JSON", async () => {
  const rows = (await ask("/v1/features/checkout")).json<Rows>().results;
  const { rawPayload, headers } = await ask("/v1/features/checkout", { accept: `${STREAM}, application/json;q=0.5` });
  expect(headers["content-type"]).toBe(STREAM);
  const table = arrow.tableFromIPC(rawPayload);
  const column = (name: string): unknown[] => [...table.getChild(name)!];
  expect(column("spending__payments_1d")).toEqual(rows.map((row) => row.values["spending__payments_1d"]));
  expect(column("basket__size")).toEqual([99.5, Number.NaN, 101.5]);
  expect(column("basket__big")).toEqual([false, false, true]);
  expect(column("spending.status")).toEqual(rows.map((row) => row.statuses["spending"]));
  expect(table.schema.metadata.get("service")).toBe("checkout");
  const refused = await ask("/v1/features/nope", { accept: STREAM });
  expect([refused.statusCode, refused.json()]).toMatchObject([404, { error: { code: "ASOF_UNKNOWN_SERVICE" } }]);
});

/** A Python that reads Arrow, or why there is none. */
function pyarrow(): { readonly python: string } | { readonly reason: string } {
  const found = feastPython();
  for (const python of ["python3", ...("python" in found ? [found.python] : [])])
    try {
      execFileSync(python, ["-c", "import pyarrow"], { stdio: "ignore" });
      return { python };
    } catch {
      // The next, or none.
    }
  return { reason: "no Python with pyarrow; `npm run test:feast` installs one" };
}

const reader = pyarrow();
if ("reason" in reader) process.stderr.write(`skipped: pyarrow reads the stream: ${reader.reason}\n`);

const SCRIPT = `
import json, sys
import pyarrow as pa
table = pa.ipc.open_stream(sys.argv[1]).read_all()
table.validate(full=True)
print(json.dumps({"types": {f.name: str(f.type) for f in table.schema}, "rows": table.num_rows,
    "cents": table["spending__cents_1d"].to_pylist(), "opened": table["basket__opened"].cast("int64").to_pylist(),
    "customers": table["spending.status"].to_pylist()}))
`;

/** What a script in Python prints that is given a stream in a file. */
function inPython(script: string, stream: Uint8Array): unknown {
  const folder = mkdtempSync(path.join(tmpdir(), "asof-arrow-"));
  try {
    const file = path.join(folder, "answer.arrows");
    writeFileSync(file, stream);
    const python = "python" in reader ? reader.python : "";
    return JSON.parse(execFileSync(python, ["-c", script, file], { encoding: "utf8" })) as unknown;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const COLLECTIONS = `
import json, sys
import pyarrow as pa
table = pa.ipc.open_stream(sys.argv[1]).read_all()
table.validate(full=True)
times = table["v__times"].cast(pa.map_(pa.string(), pa.int64()))
print(json.dumps({"list": table["v__list"].to_pylist(), "counts": table["v__counts"].to_pylist(), "times": times.to_pylist()}))
`;

test.skipIf("reason" in reader)("pyarrow reads lists, counts and maps", () => {
  const types: Record<string, FeatureType> = {
    v__list: { kind: "list", of: t.int64(), nullable: true },
    v__counts: { kind: "counts", of: t.string(), nullable: true },
    v__times: { kind: "map", key: t.string(), of: t.timestamp(), nullable: true },
  };
  const rows: Record<string, FeatureValue>[] = [
    { v__list: [1n, -(2n ** 53n)], v__counts: { a: 2, "ü 🚲": 3 }, v__times: { x: 1_700_000_000_123_457 } },
    { v__list: null, v__counts: null, v__times: null },
    { v__list: [], v__counts: {}, v__times: {} },
    { v__list: [7n], v__counts: { b: 1 }, v__times: { y: -1, z: 0 } },
  ];
  const answers = rows.map((values): FeatureAnswer => ({
    values,
    statuses: { v: "PRESENT" },
    eventTimes: { v: null },
    t: 0,
    knowledge: "served",
    loads: {},
  }));
  expect(inPython(COLLECTIONS, arrowAnswer(arrow, "s", types, answers))).toEqual({
    list: [[1, -(2 ** 53)], null, [], [7]],
    counts: [
      [
        ["a", 2],
        ["ü 🚲", 3],
      ],
      null,
      [],
      [["b", 1]],
    ],
    times: [
      [["x", 1_700_000_000_123_457]],
      null,
      [],
      [
        ["y", -1],
        ["z", 0],
      ],
    ],
  });
});

test.skipIf("reason" in reader)("pyarrow reads the stream", async () => {
  const { rawPayload } = await ask("/v1/features/checkout", { accept: STREAM });
  const rows = (await ask("/v1/features/checkout")).json<Rows>().results;
  expect(inPython(SCRIPT, rawPayload)).toMatchObject({
    rows: 3,
    types: {
      spending__cents_1d: "int64",
      spending__amount_1d: "double",
      basket__opened: "timestamp[us, tz=UTC]",
      basket__big: "bool",
      "spending.event_time": "timestamp[us, tz=UTC]",
    },
    cents: rows.map((row) => row.values["spending__cents_1d"]),
    opened: Array(3).fill(Date.UTC(2026, 2, 1) * 1000 + 1),
    customers: ["PRESENT", "PRESENT", "PRESENT"],
  });
});

test("Feast's clients get request-time features for inputs in columns, without these among the answer's", async () => {
  const payload = {
    features: ["basket:size", "basket:opened", "basket:big", "spending:cents_1d"],
    entities: { opened: [1_772_323_200, "2026-03-01T00:00:00"], customer: ["hasty-0", "nobody"], basket: [5, "NaN"] },
  };
  const { statusCode, body: text } = await app.inject({ method: "POST", url: "/get-online-features", payload });
  expect(statusCode, text).toBe(200);
  const { metadata, results } = JSON.parse(text) as {
    metadata: { feature_names: string[] };
    results: { values: unknown[]; statuses: string[] }[];
  };
  expect(metadata.feature_names).toEqual(["customer", "size", "opened", "big", "cents_1d"]);
  expect(text).toContain('"values":[5.0,"NaN"]');
  expect(results.slice(2, 4).map(({ values }) => values)).toEqual([
    [1_772_323_200, 1_772_323_200],
    [false, false],
  ]);
  expect(results[4].statuses[1]).toBe("NULL_VALUE");
  const service = { feature_service: "checkout", entities: payload.entities, full_feature_names: true };
  const asked = await app.inject({ method: "POST", url: "/get-online-features", payload: service });
  expect(asked.body).toContain('"spending__payments_1d","spending__amount_1d"');
});
