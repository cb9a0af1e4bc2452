import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scenario, scenarioFields, scenarioKeys } from "../../../test/oracle/generators.ts";
import { naiveView } from "../../../test/oracle/naive.ts";
import { openDuckDb } from "../../adapters/duckdb/open-duckdb.ts";
import { startTableThread } from "../../adapters/threads/table-thread.ts";
import { featureOfColumn } from "../../core/codec/collection-text.ts";
import type { AggregateViewDefinition, BatchViewDefinition } from "../../core/definition/data.ts";
import { sourceStream, type Stream } from "../../core/definition/stream.ts";
import { featureTypes } from "../../core/tile/feature-types.ts";
import { layoutOf } from "../../core/tile/view-layout.ts";
import type { AggregateUse, BatchUse, ServicePlan } from "../../core/plan/service-plan.ts";
import { columnsOfRows, rowAt } from "../../core/schema/column.ts";
import { type Fields, type Row, t } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION, systemColumns } from "../../core/schema/system-columns.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import { type HistoryStore, pointInTime, type PointInTimeLimits } from "./point-in-time.ts";
import { MOMENT, ROW } from "./spine-table.ts";

let folder: string;
let engine: OfflineEngine;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "asof-point-in-time-"));
  engine = await openDuckDb({ temporaryFolder: folder, threads: 1 });
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

const source = sourceStream({
  kind: "source",
  name: "source",
  fields: scenarioFields,
  columns: {},
  eventTime: { op: "column", name: "at" },
  availableAt: null,
  tolerance: 0,
});
const versions: Stream = { name: "versions", schema: "versions", fields: { name: t.string(), v: t.float64() } };

/** Streams as tables of a session, by name. */
function history(rows: Readonly<Record<string, readonly Row[]>>): HistoryStore {
  return {
    startThread: startTableThread,
    async attach(session, name, { name: stream, fields }) {
      const all = { ...fields, ...systemColumns };
      await session.run(`DROP VIEW IF EXISTS ${name}; DROP TABLE IF EXISTS ${name}_rows`);
      await session.table(`${name}_rows`, all, [columnsOfRows(all, rows[stream])]);
      await session.run(`CREATE TEMP VIEW ${name} AS SELECT * FROM ${name}_rows`);
      return rows[stream].length;
    },
    async rowsWithin({ name }) {
      return (since, until) =>
        rows[name].filter((row) => (row[EVENT] as number) >= since && (row[EVENT] as number) < until).length;
    },
  };
}

const inputs: Fields = { name: t.nullable(t.string()), part: t.nullable(t.int32()), other: t.nullable(t.string()) };

function aggregateUse(view: AggregateViewDefinition, alias: string, asked: Record<string, string>): AggregateUse {
  const layout = layoutOf(view, scenarioFields);
  const keys: Fields = Object.fromEntries(
    Object.entries(view.keys).map(([key, field]) => [key, scenarioFields[field]]),
  );
  return { alias, inputs: asked, fingerprint: view.name, features: featureTypes(layout), view, keys, source, layout };
}

function batchUse(alias: string, input: string): BatchUse {
  const view: BatchViewDefinition = {
    kind: "batchView",
    name: "versions",
    entity: "entity",
    sql: "",
    reads: [],
    features: { v: t.float64() },
    eventTime: "at",
    ttl: 40,
    delay: 0,
  };
  const features = { v: t.nullable(t.float64()) };
  return {
    alias,
    inputs: { name: input },
    fingerprint: "versions",
    features,
    view,
    keys: { name: t.string() },
    stream: versions,
  };
}

function planOf(aggregates: readonly AggregateUse[], batches: readonly BatchUse[]): ServicePlan {
  const uses = [...aggregates, ...batches];
  const features = uses.flatMap(({ alias, features }) =>
    Object.entries(features).map(([name, type]) => [`${alias}__${name}`, type] as const),
  );
  return {
    service: { kind: "service", name: "service", uses: [], inputs },
    uses,
    aggregates,
    batches,
    onDemand: [],
    features: Object.fromEntries(features),
  };
}

async function rowsOf(
  session: OfflineSession,
  store: HistoryStore,
  plan: ServicePlan,
  rows: number,
  limits?: PointInTimeLimits,
): Promise<Row[]> {
  const request = { plan, spine: "spine", rows, carry: {}, parts: () => ({ cut: Infinity }), evidence: true };
  const found: Row[] = [];
  for await (const batch of pointInTime(session, store, request, limits))
    for (let i = 0; i < batch.rows; i++) found.push(rowAt(batch, i));
  return found;
}

/** All fits in memory, and a thread helps with however little. */
const HELPED: PointInTimeLimits = { outputBytes: 2 ** 20, records: 1000, threadFrom: 1 };

const kinds = ["count", "sum", "avg", "min", "lastN", "stddev", "topK"] as const;
const asked = fc.record({
  key: fc.nat(scenarioKeys.length),
  other: fc.constantFrom("hot", "cold", "", "nobody", null),
  moment: fc.nat(11),
});

test("however little may be held at once, and whatever the order of the spine, a service has what the oracle has", async () => {
  const ways = { slices: 0, parts: 0, ranges: 0, threads: 0 };
  await fc.assert(
    fc.asyncProperty(
      scenario({ kinds, maxRecords: 24, maxFeatures: 2 }),
      fc.array(asked, { minLength: 6, maxLength: 12 }),
      fc.boolean(),
      fc.array(fc.tuple(fc.constantFrom("hot", "cold"), fc.nat(29), fc.integer({ min: 0, max: 50 })), {
        maxLength: 12,
      }),
      fc.record({
        outputBytes: fc.oneof(fc.integer({ min: 60, max: 100 }), fc.integer({ min: 800, max: 4000 })),
        records: fc.integer({ min: 5, max: 14 }),
        threadFrom: fc.constant(Infinity),
      }),
      async ({ view, records, moments }, asked, inOrder, made, limits) => {
        const byName: AggregateViewDefinition = { ...view, name: "by name", keys: { name: "name" } };
        const plan = planOf(
          [
            aggregateUse(view, "both", { name: "name", part: "part" }),
            aggregateUse(byName, "one", { name: "name" }),
            aggregateUse(byName, "other", { name: "other" }),
          ],
          [batchUse("first", "name"), batchUse("second", "other")],
        );
        const spine = asked.map(({ key, other, moment }): Row => {
          const { name = null, part = null } = scenarioKeys.at(key) ?? {};
          return { name, part, other, [MOMENT]: moments[moment % moments.length] };
        });
        if (inOrder) spine.sort((a, b) => (a[MOMENT] as number) - (b[MOMENT] as number));
        const store = history({
          source: records.map(({ row, event, available }, i) => ({
            ...row,
            [EVENT]: event,
            [AVAILABLE]: available,
            [POSITION]: BigInt(i),
          })),
          versions: made.map(([name, at, v], i) => {
            const event = records.at(at)?.event ?? 0;
            return { name, v, [EVENT]: event, [AVAILABLE]: event + (v % 7), [POSITION]: BigInt(i) };
          }),
        });
        const session = await engine.session();
        try {
          const fields: Fields = { [ROW]: t.int64(), [MOMENT]: t.int64(), ...inputs };
          const table = spine.map((row, i) => ({ ...row, [ROW]: BigInt(i), [MOMENT]: BigInt(row[MOMENT] as number) }));
          await session.table("spine", fields, [columnsOfRows(fields, table)]);
          const whole = await rowsOf(session, store, plan, spine.length);
          expect(await rowsOf(session, store, plan, spine.length, limits)).toStrictEqual(whole);
          // A thread takes its time to start: some runs are enough.
          if (records.length > 0 && ways.threads++ < 6)
            expect(await rowsOf(session, store, plan, spine.length, HELPED)).toStrictEqual(whole);

          spine.forEach((row, i) => {
            for (const { alias, features, inputs, view } of plan.aggregates) {
              const key: Row = Object.fromEntries(Object.keys(inputs).map((name) => [name, row[inputs[name]]]));
              const expected = naiveView(view, scenarioFields, records, key, row[MOMENT] as number);
              const names = Object.keys(features);
              expect(names.map((name) => featureOfColumn(features[name], whole[i][`${alias}__${name}`]))).toStrictEqual(
                Object.values(key).includes(null)
                  ? naiveView(view, scenarioFields, [], key, 0).features
                  : expected.features,
              );
            }
          });
          if (records.length > limits.records) ways[inOrder ? "slices" : "parts"]++;
          if (limits.outputBytes < spine.length * 9) ways.ranges++;
        } finally {
          await session.close();
        }
      },
    ),
    { numRuns: 25 },
  );
  for (const [way, times] of Object.entries(ways)) expect(times, way).toBeGreaterThan(0);
}, 240_000);

test("what a view makes of a record without a key of its own is not even evaluated", async () => {
  const feature = (name: string, of: AggregateViewDefinition["features"][number]["of"]) => ({
    name,
    aggregation: { kind: "sum" } as const,
    of,
    where: null,
    window: { length: null, hop: 1, offset: 0 },
  });
  const n = { op: "column", name: "n" } as const;
  const view = (
    name: string,
    keys: Record<string, string>,
    of: typeof n | { op: "multiply"; args: [typeof n, typeof n] },
  ) => ({ kind: "aggregateView", name, source: "source", entity: name, keys, features: [feature("sum", of)] }) as const;
  // Both read the same records in one go; only those with a part are worth squaring.
  const byName = view("byName", { name: "name" }, n);
  const byPart = view("byPart", { part: "part" }, { op: "multiply", args: [n, n] });
  const plan = planOf(
    [aggregateUse(byName, "name", { name: "name" }), aggregateUse(byPart, "part", { part: "part" })],
    [],
  );
  const record = (n: number, part: number | null, i: number): Row => ({
    name: "hot",
    part,
    n,
    x: 0,
    wild: null,
    text: null,
    yes: null,
    big: null,
    at: null,
    [EVENT]: i,
    [AVAILABLE]: i,
    [POSITION]: BigInt(i),
  });
  const too = 2 ** 20;
  const ask = async (records: Row[]): Promise<Row[]> => {
    const session = await engine.session();
    try {
      const fields: Fields = { [ROW]: t.int64(), [MOMENT]: t.int64(), ...inputs };
      const row = { [ROW]: 0n, [MOMENT]: 100n, name: "hot", part: 1, other: null };
      await session.table("spine", fields, [columnsOfRows(fields, [row])]);
      return await rowsOf(session, history({ source: records, versions: [] }), plan, 1);
    } finally {
      await session.close();
    }
  };
  const found = await ask([record(3, 1, 1), record(too, null, 2), record(4, 1, 3), record(5, null, 4)]);
  expect(found).toMatchObject([{ name__sum: too + 12, part__sum: 25 }]);
  await expect(ask([record(too, 1, 1)])).rejects.toMatchObject({ code: "ASOF_OVERFLOW" });
});
