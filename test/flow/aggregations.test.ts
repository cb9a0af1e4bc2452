import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type FeatureAnswer, open, type Store } from "asof";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import type { FeatureValue } from "../../src/core/aggregation/aggregation.ts";
import { columnTypes } from "../../src/core/codec/collection-text.ts";
import type { AggregateViewDefinition } from "../../src/core/definition/data.ts";
import { sourceStream } from "../../src/core/definition/stream.ts";
import { serve } from "../../src/surfaces/http/serve.ts";
import { columnSql, featureIn } from "../../src/surfaces/verify/collection-column.ts";
import { featureTypes } from "../../src/surfaces/http/feature-types.ts";
import { writeJson } from "../../src/surfaces/http/json/write-json.ts";
import { formatTimestamp, HOUR, MINUTE, parseTimestamp, SECOND } from "../../src/core/time/timestamp.ts";
import { type OracleValue, naiveView } from "../oracle/naive.ts";
import * as definitions from "./every-aggregation.ts";
import { offlineRecords } from "./offline-records.ts";

const begin = parseTimestamp("2026-03-01");
const from = begin + 30 * HOUR;
const until = from + 8 * HOUR;
const users = ["ann", "bob", "nobody"];
const view = definitions.everything.view as AggregateViewDefinition;

/** Events with times on a coarse lattice, so that ties and edges are common; some are known late, some early. */
function history(): Record<string, unknown>[] {
  let state = 20260301;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pages = ["home", "cart", "help", "ünïcode", "𝔸"];
  const rows = Array.from({ length: 900 }, () => {
    const at = begin + next(38 * 12) * 5 * MINUTE;
    const late = [0, 0, 5 * MINUTE, 3 * HOUR, -MINUTE][next(5)];
    return {
      at,
      known: at + late,
      user: users[next(2)],
      seq: next(3) === 0 ? null : next(2),
      page: next(4) === 0 ? null : pages[next(pages.length)],
      n: next(4) === 0 ? null : next(7),
      amount: (next(2001) - 1000) / 7,
      odd: next(3) === 0 ? null : ["NaN", "Infinity", 0.1, -0.5][next(4)],
      big: String(2n ** 62n + BigInt(next(5))),
      ok: next(4) === 0 ? null : next(2) === 0,
    };
  });
  // The very same again: what is equal in everything is another record all the same.
  return [...rows, ...rows.slice(0, 40)];
}

const folder = mkdtempSync(path.join(tmpdir(), "asof-aggregations-"));
const home = path.join(folder, "home");
const configuration = { definitions, home, clock: { simulated: from } };
const file = path.join(folder, "events.ndjson");
let store: Store;

beforeAll(async () => {
  writeFileSync(
    file,
    history()
      .map((row) => `${JSON.stringify(row)}\n`)
      .join(""),
  );
  store = await open(configuration);
  await store.apply();
  await store.load("events", [file], { until: from });
  await store.materialize();
});

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Asked {
  readonly user: string;
  readonly answer: FeatureAnswer;
  readonly calm: FeatureAnswer;
}

const asked: Asked[] = [];

async function replay(since: number, end: number): Promise<void> {
  const moments = Array.from({ length: 200 }, (_, i) => since + i * 10 * MINUTE + (i % 3) * SECOND).filter(
    (t) => t < end,
  );
  await store.replay("events", {
    files: [file],
    from: since,
    until: end,
    at: {
      moments,
      visit: async () => {
        const requests = users.map((user) => ({ user }));
        const answers = await store.features("all", requests);
        const calm = await store.features("calm", requests);
        requests.forEach(({ user }, i) => asked.push({ user, answer: answers[i], calm: calm[i] }));
      },
    },
  });
}

const inOrder = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : value;

function same(a: FeatureValue | OracleValue, b: FeatureValue | OracleValue): void {
  expect(inOrder(a)).toStrictEqual(inOrder(b));
}

describe("every aggregation, online and offline", () => {
  test("is answered while records arrive, also after a restart", async () => {
    await replay(from, from + 4 * HOUR);
    await store.close();
    store = await open(configuration);
    expect((await store.materialize()).map(({ how }) => how)).toEqual(["unchanged"]);
    await replay(from + 4 * HOUR, until);
    expect(asked.length).toBeGreaterThan(140);
  });

  test("as the contract says, read literally", async () => {
    const stream = sourceStream(definitions.events.definition);
    const records = (await offlineRecords(home, stream)).map((row) => ({
      event: row["__event"] as number,
      available: row["__available"] as number,
      row,
    }));
    const seen = new Map<string, Set<string>>();
    for (const { user, answer } of asked) {
      const overflows = new Set<string>();
      const expected = naiveView(view, definitions.events.fields, records, { user }, answer.t);
      view.features.forEach(({ name, aggregation: { kind } }, f) => {
        const value = answer.values[`everything__${name}`];
        same(value, expected.features[f]);
        if (value === null && ["topK", "histogram", "per"].includes(kind)) overflows.add(name);
        seen.set(name, (seen.get(name) ?? new Set()).add(writeJson(value)));
      });
      expect(answer.statuses["everything"]).toBe(overflows.size > 0 ? "OVERFLOW" : "PRESENT");
      expect(answer.eventTimes["everything"]).toBe(expected.eventTime);
    }
    // Every feature had different things to say, and limits were met.
    for (const { name } of view.features) expect([name, seen.get(name)!.size > 1]).toEqual([name, true]);
    const statuses = asked.map(({ answer }) => answer.statuses["everything"]);
    expect(statuses.includes("OVERFLOW") && statuses.includes("PRESENT")).toBe(true);
    expect(asked.every(({ calm }) => calm.statuses["everything"] === "PRESENT")).toBe(true);
  });

  test("as of the past it is what was served", async () => {
    const groups = [...Map.groupBy(asked, ({ answer }) => answer.t)].filter((_, i) => i % 7 === 0);
    for (const [t, group] of groups) {
      const requests = group.map(({ user }) => ({ user }));
      const offline = await store.features("all", requests, { at: t });
      group.forEach(({ answer }, i) => {
        expect(offline[i].statuses).toEqual(answer.statuses);
        expect(offline[i].eventTimes).toEqual(answer.eventTimes);
        expect(Object.keys(offline[i].values)).toEqual(Object.keys(answer.values));
        for (const name of Object.keys(answer.values)) same(offline[i].values[name], answer.values[name]);
      });
    }
  });

  test("a training set has it, collections as lists and maps of Parquet", async () => {
    const spine = path.join(folder, "spine.ndjson");
    const out = path.join(folder, "dataset.parquet");
    writeFileSync(spine, asked.map(({ user, answer }) => `${JSON.stringify({ user, t: answer.t })}\n`).join(""));
    await store.dataset("all", { spine, out });
    const types = featureTypes(store, definitions.all.definition);
    const engine = await openDuckDb({ memoryLimit: "500MB", temporaryFolder: path.join(folder, "temporary") });
    try {
      const session = await engine.session();
      const select = Object.entries(types).map(([name, type]) => columnSql(name, type));
      const rows = await session.rows(`SELECT ${select.join(", ")} FROM read_parquet('${out}')`, columnTypes(types));
      expect(rows).toHaveLength(asked.length);
      const described = await session.describe(`SELECT * FROM read_parquet('${out}')`);
      const engineTypes = Object.fromEntries(described.map(({ name, engineType }) => [name, engineType]));
      expect(engineTypes).toMatchObject({
        everything__pages_1d: "VARCHAR[]",
        everything__count_1h_x5: "DOUBLE[]",
        everything__times_1h: "TIMESTAMP[]",
        everything__by_page_1h: "MAP(VARCHAR, BIGINT)",
        everything__sum_per_1d: "MAP(VARCHAR, DOUBLE)",
        everything__big_per_1d: "MAP(VARCHAR, BIGINT)",
      });
      asked.forEach(({ answer }, i) => {
        for (const [name, type] of Object.entries(types)) same(featureIn(type, rows[i][name]), answer.values[name]);
      });
    } finally {
      await engine.close();
    }
  });

  test("over HTTP, lists are arrays and counts objects", async () => {
    const server = await serve(store, { port: 0 });
    try {
      const response = await fetch(`${server.url}/v1/features/all`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ entities: [{ user: "ann" }] }),
      });
      const text = await response.text();
      expect(response.status, text).toBe(200);
      const { values, statuses } = (JSON.parse(text) as { results: Record<string, Record<string, unknown>>[] })
        .results[0];
      const [now] = await store.features("all", [{ user: "ann" }]);
      expect(values["everything__pages_1d"]).toEqual(now.values["everything__pages_1d"]);
      expect(values["everything__count_1h_x5"]).toEqual(now.values["everything__count_1h_x5"]);
      expect(values["everything__by_ok_1d"]).toEqual(now.values["everything__by_ok_1d"]);
      expect(values["everything__ok_per_1h"]).toEqual(now.values["everything__ok_per_1h"]);
      const moments = now.values["everything__last_per_1d"] as Record<string, number>;
      expect(Object.keys(moments).length).toBeGreaterThan(2);
      expect(values["everything__last_per_1d"]).toEqual(
        Object.fromEntries(Object.entries(moments).map(([page, at]) => [page, formatTimestamp(at)])),
      );
      expect(text).toContain(`"everything__big_per_1d":${writeJson(now.values["everything__big_per_1d"])}`);
      expect(text).toContain(`"everything__bigs_lifetime":${writeJson(now.values["everything__bigs_lifetime"])}`);
      expect(statuses).toEqual(now.statuses);
    } finally {
      await server.close();
    }
  });
});
