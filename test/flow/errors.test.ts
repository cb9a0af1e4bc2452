import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import { AsofError, type ErrorCode } from "../../src/core/errors.ts";
import {
  aggregateView,
  avg,
  batchView,
  col,
  count,
  entity,
  eventSource,
  featureService,
  gradientBoostedTrees,
  model,
  open,
  type Store,
  t,
  window,
} from "../../src/index.ts";
import { filesIn } from "./offline-records.ts";
import { now, openTestStore } from "./open-test-store.ts";
import { customer, payments } from "./shop.ts";
import { stateOf } from "./state-of.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-errors-"));
let store: Store;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const state = (): Promise<object> => stateOf(store, folder);

/** What a call fails with, having changed nothing. */
async function failure(call: () => Promise<unknown>): Promise<AsofError> {
  const before = await state();
  const error = await call().then(
    () => new Error("it did not fail"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AsofError);
  expect(await state()).toEqual(before);
  return error as AsofError;
}

function file(name: string, content: string | Uint8Array): string {
  const at = path.join(folder, name);
  writeFileSync(at, content);
  return at;
}

async function parquet(name: string, sql: string): Promise<string> {
  const at = path.join(folder, name);
  const engine = await openDuckDb({ memoryLimit: "200MB", temporaryFolder: path.join(folder, "temporary") });
  try {
    await (await engine.session()).run(`COPY (${sql}) TO '${at}' (FORMAT parquet)`);
  } finally {
    await engine.close();
  }
  return at;
}

const good = { at: now - 1, customer: "zoe", amount: 1, cents: 1, points: 1, ratio: 1, refund: false };
const ndjson = (...records: readonly object[]): string => records.map((one) => `${JSON.stringify(one)}\n`).join("");
const header = "at,customer,amount,cents,points,ratio,refund\n";
const csv = (...rows: readonly string[]): string => header + rows.map((row) => `${row}\n`).join("");
const goodCsv = "2026-03-02T11:00:00Z,zoe,1,1,1,1,false";
const row =
  "TIMESTAMP '2026-03-02 11:00:00' AS at, 'zoe' AS customer, 1.0::DOUBLE AS amount, 1::BIGINT AS cents, 1 AS points, 1.0::DOUBLE AS ratio, false AS refund";

type Where = Readonly<Record<string, unknown>>;

describe("a file", () => {
  test.each<[string, string, string, ErrorCode, Where]>([
    [
      "without a column",
      "less.csv",
      header.replace(",cents", "") + "2026-03-02,zoe,1,1,1,false\n",
      "ASOF_MISSING_FIELD",
      { column: "cents", field: "cents" },
    ],
    [
      "with a value of the wrong type",
      "type.ndjson",
      ndjson(good, { ...good, amount: "much" }),
      "ASOF_TYPE",
      { row: 2, field: "amount" },
    ],
    [
      "with a column of the wrong type",
      "column.ndjson",
      ndjson({ ...good, amount: true }),
      "ASOF_TYPE",
      { column: "amount" },
    ],
    [
      "with a fraction for an integer",
      "fraction.csv",
      csv(goodCsv, "2026-03-02,zoe,1,1,1.5,1,false"),
      "ASOF_TYPE",
      { row: 2, field: "points" },
    ],
    [
      "without a key",
      "key.ndjson",
      ndjson(good, good, { ...good, customer: null }),
      "ASOF_MISSING_FIELD",
      { row: 3, field: "customer" },
    ],
    [
      "with a bad timestamp",
      "time.csv",
      csv(goodCsv, "yesterday,zoe,1,1,1,1,false"),
      "ASOF_TIMESTAMP",
      { row: 2, field: "at" },
    ],
    [
      "with a day that no month has",
      "day.csv",
      csv("2026-02-30T00:00:00Z,zoe,1,1,1,1,false"),
      "ASOF_TIMESTAMP",
      { row: 1, field: "at" },
    ],
    [
      "with a time beyond all times",
      "beyond.csv",
      csv("295000-01-01T00:00:00Z,zoe,1,1,1,1,false"),
      "ASOF_TIMESTAMP",
      { row: 1, field: "at" },
    ],
    [
      "with NaN",
      "nan.csv",
      csv(goodCsv, "2026-03-02,zoe,NaN,1,1,1,false"),
      "ASOF_NOT_FINITE",
      { row: 2, field: "amount" },
    ],
    ["with broken JSON", "broken.ndjson", `${ndjson(good)}{"at":`, "ASOF_FILE", {}],
    [
      "that breaks off",
      "torn.csv",
      csv(...Array.from({ length: 30_000 }, () => goodCsv), '2026-03-02,"zoe,1'),
      "ASOF_FILE",
      {},
    ],
    ["that is empty (NDJSON)", "empty.ndjson", "", "ASOF_EMPTY", {}],
    ["that is empty (CSV)", "empty.csv", "", "ASOF_EMPTY", {}],
    ["that is empty but for its header", "header.csv", header, "ASOF_EMPTY", {}],
    ["that is empty (Parquet)", "empty.parquet", "", "ASOF_FILE", {}],
    ["that is none of its format", "text.parquet", "not Parquet at all, but long enough to be", "ASOF_FILE", {}],
  ])("%s is refused: %s", async (_, name, content, code, details) => {
    const error = await failure(() => store.load("payments", [file(name, content)]));
    expect(error).toMatchObject({ code, details });
    expect(JSON.stringify([error.message, error.details])).toContain(name);
  });

  test("that is truncated is refused, wherever it ends", async () => {
    const whole = readFileSync(await parquet("whole.parquet", `SELECT ${row} FROM range(5000)`));
    for (const part of [whole.length - 1, whole.length - 9, Math.floor(whole.length / 2), 4]) {
      const name = `truncated-${part}.parquet`;
      const error = await failure(() => store.load("payments", [file(name, whole.subarray(0, part))]));
      expect(error.code).toBe("ASOF_FILE");
      expect(JSON.stringify(error.details)).toContain(name);
    }
  });

  test("whose middle is damaged is refused", async () => {
    const whole = readFileSync(
      await parquet("sound.parquet", `SELECT ${row.replace("'zoe'", "'z' || range")} FROM range(5000)`),
    );
    whole.fill(0x5a, 200, 2000);
    const error = await failure(() => store.load("payments", [file("damaged.parquet", whole)]));
    expect(error.code).toBe("ASOF_FILE");
  });

  test("with NaN in Parquet is refused with its row", async () => {
    const at = await parquet(
      "nan.parquet",
      `SELECT ${row.replace("1.0::DOUBLE AS amount", "CASE WHEN range = 3 THEN 'NaN'::DOUBLE ELSE 1 END AS amount")} FROM range(5)`,
    );
    const error = await failure(() => store.load("payments", [at]));
    expect(error).toMatchObject({ code: "ASOF_NOT_FINITE", details: { row: 4, field: "amount" } });
  });

  test("among several spoils them all", async () => {
    const fine = file("fine.ndjson", ndjson(good));
    const bad = file("bad.ndjson", ndjson({ ...good, at: "noon" }));
    expect((await failure(() => store.load("payments", [fine, bad]))).message).toContain("bad.ndjson");
  });

  test("that is not there, of no known format, or for nobody is refused", async () => {
    const nowhere = path.join(folder, "nowhere.csv");
    expect(await failure(() => store.load("payments", [nowhere]))).toMatchObject({ code: "ASOF_FILE" });
    expect(await failure(() => store.load("payments", [file("data.xls", "x")]))).toMatchObject({ code: "ASOF_FILE" });
    expect(await failure(() => store.load("payments", []))).toMatchObject({ code: "ASOF_USAGE" });
    const unknown = await failure(() => store.load("payment", [file("some.ndjson", ndjson(good))]));
    expect(unknown).toMatchObject({ code: "ASOF_UNKNOWN_SOURCE", details: { name: "payment" } });
  });

  test("with nothing in the range asked for is refused", async () => {
    const at = file("range.ndjson", ndjson(good));
    expect(await failure(() => store.load("payments", [at], { until: "2020-01-01" }))).toMatchObject({
      code: "ASOF_EMPTY",
    });
    expect(await failure(() => store.load("payments", [at], { until: "soon" }))).toMatchObject({
      code: "ASOF_TIMESTAMP",
    });
  });

  test("stopped half way leaves nothing", async () => {
    const at = await parquet("long.parquet", `SELECT ${row} FROM range(300000)`);
    const stop = new AbortController();
    const error = await failure(() =>
      store.load("payments", [at], {
        signal: stop.signal,
        onProgress: ({ phase }) => phase.startsWith("write") && stop.abort(),
      }),
    );
    expect(error.code).toBe("ASOF_INTERRUPTED");
  });
});

describe("a record", () => {
  test.each<[string, object, ErrorCode, Where]>([
    ["an unknown field", { ...good, amnt: 1 }, "ASOF_UNKNOWN_FIELD", { field: "amnt" }],
    ["a wrong type", { ...good, customer: 7 }, "ASOF_TYPE", { field: "customer" }],
    ["a missing key", { ...good, customer: undefined }, "ASOF_MISSING_FIELD", { field: "customer" }],
    ["a bad timestamp", { ...good, at: "2026-02-30" }, "ASOF_TIMESTAMP", { field: "at" }],
    ["NaN", { ...good, amount: Number.NaN }, "ASOF_NOT_FINITE", { field: "amount" }],
  ])("with %s is refused with all that came with it", async (_, record, code, details) => {
    const error = await failure(() => store.ingest("payments", [good, record as never, good]));
    expect(error).toMatchObject({ code, details: { ...details, record: 1, source: "payments" } });
  });

  test("of nothing, or of no source, is refused", async () => {
    expect(await failure(() => store.ingest("payments", []))).toMatchObject({ code: "ASOF_EMPTY" });
    expect(await failure(() => store.ingest("payments", [null as never]))).toMatchObject({ code: "ASOF_TYPE" });
    expect(await failure(() => store.ingest("nothing", [good]))).toMatchObject({ code: "ASOF_UNKNOWN_SOURCE" });
  });
});

describe("a request", () => {
  test("for what is not there is refused", async () => {
    const a = [{ customer: "a" }];
    const calls: [ErrorCode, () => Promise<unknown>][] = [
      ["ASOF_UNKNOWN_SERVICE", () => store.features("fraud", a)],
      ["ASOF_UNKNOWN_MODEL", () => store.predict("checkout", a)],
      ["ASOF_UNKNOWN_SERVICE", () => store.dataset("nothing", { spine: "x.csv", out: "x.parquet" })],
      ["ASOF_UNKNOWN_MODEL", () => store.train("nothing")],
      ["ASOF_UNKNOWN_MODEL", () => store.models("nothing")],
      ["ASOF_UNKNOWN_MODEL", () => store.promote("nothing", 1)],
      ["ASOF_UNKNOWN_MODEL_VERSION", () => store.promote("fraud", 7)],
      ["ASOF_UNKNOWN_VIEW", () => store.materialize(["nothing"])],
      ["ASOF_UNKNOWN_VIEW", () => store.materialize(["basket"])],
      ["ASOF_UNKNOWN_VIEW", () => store.compute(["spending"])],
      ["ASOF_UNKNOWN_SOURCE", () => store.replay("nothing", { files: ["x.csv"], from: 0, until: 1 })],
    ];
    for (const [code, call] of calls) expect((await failure(call)).code, call.toString()).toBe(code);
  });

  test("with a missing key, a wrong type or an unknown input names it", async () => {
    const ask = (request: object, at?: string): (() => Promise<unknown>) => {
      return () =>
        store.features("fraud_features", [{ customer: "a" }, request as never], at === undefined ? {} : { at });
    };
    expect(await failure(ask({}))).toMatchObject({ code: "ASOF_MISSING_KEY", details: { field: "customer", row: 1 } });
    expect(await failure(ask({ customer: 7 }))).toMatchObject({
      code: "ASOF_TYPE",
      details: { field: "customer", row: 1 },
    });
    expect(await failure(ask({ customer: "a", x: 1 }))).toMatchObject({
      code: "ASOF_UNKNOWN_FIELD",
      details: { field: "x", row: 1 },
    });
    expect(await failure(ask({ customer: "a" }, "noon"))).toMatchObject({ code: "ASOF_TIMESTAMP" });
    expect(await failure(ask({ customer: "a" }, "2099-01-01"))).toMatchObject({ code: "ASOF_FUTURE_READ" });
    const nan = () => store.features("checkout", [{ customer: "a", basket: "x", opened: 0 }]);
    expect(await failure(nan)).toMatchObject({ code: "ASOF_TYPE", details: { field: "basket" } });
    expect(await failure(() => store.predict("fraud", [{}]))).toMatchObject({ code: "ASOF_MISSING_KEY" });
  });
});

describe("a training set", () => {
  beforeAll(() => mkdirSync(path.join(folder, "out")));
  const out = path.join(folder, "out", "set.parquet");

  test.each<[string, string, string, ErrorCode, Where]>([
    ["a key column", "spine1.csv", "client,t\na,2026-03-01\n", "ASOF_MISSING_FIELD", { column: "customer" }],
    ["a time column", "spine2.csv", "customer,at\na,2026-03-01\n", "ASOF_MISSING_FIELD", { column: "t" }],
    ["good moments", "spine3.csv", "customer,t\na,2026-03-01\na,noon\n", "ASOF_TIMESTAMP", { row: 2, column: "t" }],
    ["a moment", "spine4.csv", "customer,t\na,2026-03-01\na,\n", "ASOF_TIMESTAMP", { row: 2, column: "t" }],
    ["keys of their type", "spine5.ndjson", '{"customer":7,"t":"2026-03-01"}\n', "ASOF_TYPE", { column: "customer" }],
    ["rows", "spine6.csv", "customer,t\n", "ASOF_EMPTY", {}],
    ["anything", "spine7.csv", "", "ASOF_EMPTY", {}],
    ["whole lines", "spine8.ndjson", '{"customer":"a","t":"2026-03-01"}\n{"cust', "ASOF_FILE", {}],
  ])("of a spine without %s is refused", async (_, name, content, code, details) => {
    const error = await failure(() => store.dataset("fraud_features", { spine: file(name, content), out }));
    expect(error).toMatchObject({ code, details });
    expect(JSON.stringify([error.message, error.details])).toContain(name);
  });

  test("of a query that is none is refused", async () => {
    for (const sql of [
      "select customer, at as t from nowhere",
      "selec",
      "",
      "select 1; drop table payments",
      "copy payments to 'x.csv'",
    ])
      expect((await failure(() => store.dataset("fraud_features", { spine: { sql }, out }))).code, sql).toBe(
        "ASOF_SQL",
      );
  });

  test("for a place that cannot be written is refused", async () => {
    const spine = file("spine.csv", "customer,t\na,2026-03-01\n");
    const blocked = file("blocked", "");
    for (const place of [path.join(blocked, "set.parquet"), "/proc/set.parquet"]) {
      const error = await failure(() => store.dataset("fraud_features", { spine, out: place }));
      expect(error.code, place).toBe("ASOF_HOME");
      expect(JSON.stringify(error.details)).toContain(path.dirname(place));
    }
    const text = await failure(() => store.dataset("fraud_features", { spine, out: path.join(folder, "out/set.csv") }));
    expect(text.code).toBe("ASOF_USAGE");
  });
});

describe("a folder that cannot be used", () => {
  test("is refused at opening, and nothing is left in it", async () => {
    const blocked = file("no-folder", "");
    for (const place of [blocked, path.join(blocked, "home"), "/proc/asof"]) {
      const opening = open({ definitions: { customer }, home: place });
      await expect(opening, place).rejects.toMatchObject({ code: "ASOF_HOME" });
    }
    expect(readFileSync(blocked, "utf8")).toBe("");
  });

  test("fails a load whole, and the next one succeeds", async () => {
    const fine = file("later.ndjson", ndjson({ ...good, customer: "calm-2" }));
    const { home } = await store.status();
    for (const part of ["staging", "offline/payments"]) {
      const place = path.join(home, part);
      const aside = `${place}-aside`;
      mkdirSync(place, { recursive: true });
      const before = await state();
      renameSync(place, aside);
      writeFileSync(place, "");
      const error = await store.load("payments", [fine]).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      rmSync(place);
      renameSync(aside, place);
      expect(error, part).toMatchObject({ code: "ASOF_HOME" });
      expect(await state()).toEqual(before);
    }
    expect(await store.load("payments", [fine])).toMatchObject({ rows: 1 });
  });
});

describe("a definition", () => {
  const view = (features: () => object): (() => unknown) => {
    return () => aggregateView("v", { source: payments, entity: customer, features: features() as never });
  };
  const source = (fields: object, eventTime: string): (() => unknown) => {
    return () => eventSource("s", { fields: fields as never, eventTime: eventTime as never });
  };

  test.each<[string, () => unknown, ErrorCode]>([
    ["a window without a unit", view(() => ({ n: count().over("7" as never) })), "ASOF_WINDOW"],
    ["a window of nothing", view(() => ({ n: count().over("0s") })), "ASOF_WINDOW"],
    [
      "a window that its hop does not divide",
      view(() => ({ n: count().over(window("1d", { name: "odd", hop: "7h" })) })),
      "ASOF_WINDOW",
    ],
    [
      "hops that do not divide one another",
      view(() => ({
        n: count().over(window("1d", { name: "a", hop: "12h" }), window("1d", { name: "b", hop: "8h" })),
      })),
      "ASOF_WINDOW",
    ],
    ["an unknown column", view(() => ({ n: avg("amuont" as never).over("1d") })), "ASOF_UNKNOWN_FIELD"],
    [
      "an unknown column in an expression",
      view(() => ({ n: avg(col("amuont").plus(1) as never).over("1d") })),
      "ASOF_UNKNOWN_FIELD",
    ],
    ["an average of text", view(() => ({ n: avg("customer" as never).over("1d") })), "ASOF_DEFINITION"],
    ["an event time that is none", source({ at: t.string() }, "at"), "ASOF_DEFINITION"],
    ["an event time that is not there", source({ at: t.timestamp() }, "when"), "ASOF_UNKNOWN_FIELD"],
    ["a name that is none", () => entity("two words", { a: t.string() }), "ASOF_DEFINITION"],
    ["a service of nothing", () => featureService("s", []), "ASOF_DEFINITION"],
  ])("with %s is refused", (_, define, code) => {
    let error: unknown = null;
    try {
      define();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(AsofError);
    expect(error).toMatchObject({ code });
  });

  test("that refers to what is missing is refused at opening", async () => {
    const spending = aggregateView("s", { source: payments, entity: customer, features: { n: count().over("1d") } });
    const place = path.join(folder, "unfinished");
    const opening = open({ definitions: { spending, customer }, home: place });
    await expect(opening).rejects.toThrow(/payments/);
    await expect(opening).rejects.toMatchObject({ code: "ASOF_DEFINITION", details: { name: "s" } });
  });
});

describe("a store that is not that far", () => {
  const daily = batchView("daily", {
    entity: customer,
    sources: [payments],
    sql: "select customer, date_trunc('day', event_time) + interval 1 day as day, nothing::double as n from payments",
    features: { n: t.float64() },
    eventTime: "day",
  });
  const spent = aggregateView("spent", { source: payments, entity: customer, features: { n: count().over("1d") } });
  const service = featureService("service", [spent]);
  const guess = model("guess", {
    features: service,
    examples: { source: payments, at: "at" },
    label: "refund",
    split: { train: ["2026-01-01", "2026-02-01"], test: ["2026-02-01", "2026-03-01"] },
    trainer: gradientBoostedTrees(),
  });
  const definitions = { customer, payments, daily, spent, service, guess };

  test("says what is missing", async () => {
    const young = await open({ definitions, home: path.join(folder, "young"), clock: { simulated: now } });
    try {
      const a = [{ customer: "a" }];
      const at = file("young.ndjson", ndjson(good));
      await expect(young.load("payments", [at])).rejects.toMatchObject({ code: "ASOF_NOT_APPLIED" });
      await expect(young.ingest("payments", [good])).rejects.toMatchObject({ code: "ASOF_NOT_APPLIED" });
      await expect(young.compute()).rejects.toMatchObject({ code: "ASOF_NOT_APPLIED", details: { name: "daily" } });
      await young.apply();
      await expect(young.apply(0)).rejects.toMatchObject({ code: "ASOF_APPLY_CONFLICT" });
      await expect(young.features("service", a)).rejects.toMatchObject({
        code: "ASOF_NOT_MATERIALIZED",
        details: { view: "spent" },
      });
      await expect(young.predict("guess", a)).rejects.toMatchObject({
        code: "ASOF_NO_MODEL",
        details: { model: "guess" },
      });
      await expect(young.train("guess")).rejects.toMatchObject({ code: "ASOF_NO_DATA", details: { model: "guess" } });
      await expect(young.compute()).rejects.toMatchObject({ code: "ASOF_SQL" });
      await expect(young.replay("payments", { files: [at], from: 0, until: now })).rejects.toMatchObject({
        code: "ASOF_DEFINITION",
        details: { source: "payments" },
      });
      const { log, offline } = await young.status();
      expect([log.end, offline.files, filesIn(path.join(folder, "young/staging"))]).toEqual([0, 0, []]);
    } finally {
      await young.close();
    }
    await expect(young.features("service", [{ customer: "a" }])).rejects.toMatchObject({ code: "ASOF_CLOSED" });
    await expect(young.ingest("payments", [good])).rejects.toMatchObject({ code: "ASOF_CLOSED" });
    await expect(young.status()).rejects.toMatchObject({ code: "ASOF_CLOSED" });
  });
});
