import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLmdb } from "../../adapters/lmdb/open-lmdb.ts";
import { type BatchRow, encodeBatchRows, isAlive, versionAt } from "../../core/codec/batch-rows.ts";
import { ByteWriter } from "../../core/codec/bytes.ts";
import { entityKeyEncoder, headKey, META_KEY, VIEWS_KEY } from "../../core/codec/online-keys.ts";
import { encodeMeta, encodeViews } from "../../core/codec/online-meta.ts";
import { rowCodec } from "../../core/codec/row-codec.ts";
import type { BatchUse, ServicePlan } from "../../core/plan/service-plan.ts";
import type { AnswerForm, WrittenText } from "../../core/result/answer-form.ts";
import type { FeatureAnswer } from "../../core/result/answers.ts";
import { type Fields, t } from "../../core/schema/data-type.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";
import { FeatureReader } from "./feature-reader.ts";
import { KeptBudget, type KeptRow, KeptRows } from "./kept-rows.ts";

const features: Fields = { name: t.nullable(t.string()), number: t.float64() };
const keys: Fields = { key: t.int32() };
const TTL = 6;
const KEYS = 3;

function use(alias: string, used: Fields): BatchUse {
  return {
    alias,
    inputs: { key: "key" },
    fingerprint: "rows",
    features: used,
    view: {
      kind: "batchView",
      name: "rows",
      entity: "entity",
      sql: "",
      reads: [],
      features,
      eventTime: "at",
      ttl: TTL,
      delay: 0,
    },
    keys,
    stream: { name: "rows", fields: features, schema: "rows" },
  };
}

function planOf(uses: readonly BatchUse[]): ServicePlan {
  return {
    service: { kind: "service", name: "s", inputs: keys, uses: [] },
    uses,
    aggregates: [],
    batches: uses,
    onDemand: [],
    features: Object.fromEntries(
      uses.flatMap(({ alias, features: used }) =>
        Object.entries(used).map(([name, type]) => [`${alias}__${name}`, type] as const),
      ),
    ),
  };
}

const plans = [
  planOf([use("all", features)]),
  planOf([use("one", { number: features["number"] }), use("all", features)]),
];

const said = (text: string): WrittenText => ({ text, bytes: Buffer.byteLength(text) });

/** Says all that it is told. */
const form: AnswerForm = {
  part: (of, values, status, eventTime) => ({
    values: `${of}:${JSON.stringify(values)}`,
    status,
    eventTime: String(eventTime),
  }),
  head: (parts) => said(parts.map(({ values, status, eventTime }) => `${values} ${status} ${eventTime}`).join("; ")),
  tail: (at, loads) => said(` at ${at} of ${JSON.stringify(loads)}`),
};

let folder: string;
let store: OnlineStore;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "asof-kept-"));
  store = await openLmdb(path.join(folder, "online"));
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const row: fc.Arbitrary<BatchRow> = fc.record(
  {
    event: fc.nat(30),
    available: fc.nat(20),
    entry: fc.nat(1000),
    features: fc.record(
      { name: fc.option(fc.string({ unit: "grapheme", maxLength: 5 })), number: fc.integer() },
      { noNullPrototype: true },
    ),
  },
  { noNullPrototype: true },
);

const keyed = fc.record({ key: fc.nat(KEYS - 1), rows: fc.array(row, { maxLength: 3 }) });
const asked = fc.array(fc.nat(KEYS), { minLength: 2, maxLength: 6 });
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ ask: asked, plan: fc.nat(1) }) },
  { weight: 8, arbitrary: fc.record({ later: fc.integer({ min: 1, max: 2 }) }) },
  { weight: 5, arbitrary: fc.record({ rows: fc.array(keyed, { minLength: 1, maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.constant({ rewrite: true as const }) },
);

test("rows that are kept are those that a store read anew has, at every moment and under every version", async () => {
  const codec = rowCodec(features);
  const encode = entityKeyEncoder(keys);
  const writer = new ByteWriter();
  // Versions of the views go on from run to run, as the store is one.
  let version = 0;
  let now = 0;
  const run = async (steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[], half: number) => {
    const budget = new KeptBudget(half);
    const readers = plans.map((plan) => new FeatureReader(plan, store, null, budget));
    const held = new Map<number, BatchRow[]>();
    const commit = async (changes: readonly Put[]): Promise<void> => {
      const views = [{ name: "rows", fingerprint: "rows", state: 1, loads: version }];
      await store.commit([
        ...changes,
        [META_KEY, encodeMeta({ position: version, watermark: now, views: version })],
        [VIEWS_KEY, encodeViews({ version, nextState: 2, views, building: [] })],
      ]);
    };
    version++;
    now = 5;
    await store.clear(
      new Uint8Array([
        headKey(
          1,
          encode(() => 0)!,
        )[0],
      ]),
    );
    await commit([]);
    for (const one of steps)
      if ("later" in one) {
        now += one.later;
        await commit([]);
      } else if ("rows" in one) {
        version++;
        const changes = one.rows.map(({ key, rows }): Put => {
          held.set(key, rows);
          writer.reset();
          encodeBatchRows(writer, codec, rows);
          return [
            headKey(
              1,
              encode(() => key)!,
            ),
            writer.finish(),
          ];
        });
        await commit(changes);
      } else if ("rewrite" in one) await store.rewrite();
      else {
        const asked = one.ask.map((key) => ({ key: key === KEYS ? null : key }));
        const [kept, anew] = [readers[one.plan], new FeatureReader(plans[one.plan], store, null, new KeptBudget(0))];
        const [mine, theirs] = [await kept.live(asked), await anew.live(asked)];
        expect(mine.written(form)).toEqual(theirs.written(form));
        expect(mine.all()).toEqual(theirs.all());
        mine.all().forEach((answer, i) => expectRead(answer, held.get(asked[i].key ?? -1) ?? [], now));
        for (let i = 0; i < asked.length; i++)
          expect(mine.nullsOf(one.plan, i)).toEqual(
            Object.keys(features).flatMap((name, f) => (mine.one(i).values[`all__${name}`] === null ? [f] : [])),
          );
      }
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), fc.constantFrom(1, 1000, 1e9), run),
    { numRuns: 40 },
  );
});

test("a row that is kept expires, and gives way to the next version, at the very moment", async () => {
  const writer = new ByteWriter();
  const version = (event: number, available: number, number: number): BatchRow => ({
    event,
    available,
    entry: number,
    features: { name: "a", number },
  });
  encodeBatchRows(writer, rowCodec(features), [version(10, 1, 1), version(20, 20, 2)]);
  const views = [{ name: "rows", fingerprint: "rows", state: 2, loads: 0 }];
  const reader = new FeatureReader(plans[0], store, null, new KeptBudget());
  const found: unknown[] = [];
  for (const at of [10 + TTL, 10 + TTL + 1, 19, 20]) {
    await store.commit([
      [
        headKey(
          2,
          entityKeyEncoder(keys)(() => 0)!,
        ),
        writer.view(),
      ],
      [META_KEY, encodeMeta({ position: 0, watermark: at, views: 1_000_000 })],
      [VIEWS_KEY, encodeViews({ version: 1_000_000, nextState: 3, views, building: [] })],
    ]);
    const [answer] = await reader.read([{ key: 0 }]);
    found.push([answer.statuses["all"], answer.values["all__number"]]);
  }
  expect(found).toEqual([
    ["PRESENT", 1],
    ["EXPIRED", null],
    ["EXPIRED", null],
    ["PRESENT", 2],
  ]);
});

test("what any reader keeps is let go of at once where one of them finds that the store has moved", async () => {
  const views = [{ name: "rows", fingerprint: "rows", state: 3, loads: 0 }];
  await store.commit([
    [META_KEY, encodeMeta({ position: 0, watermark: 5, views: 2_000_000 })],
    [VIEWS_KEY, encodeViews({ version: 2_000_000, nextState: 4, views, building: [] })],
  ]);
  const budget = new KeptBudget();
  const readers = plans.map((plan) => new FeatureReader(plan, store, null, budget));
  budget.moved = () => readers.forEach((reader) => reader.forget());
  for (const reader of readers) await reader.read([{ key: 0 }, { key: 1 }]);
  const kept = readers.map((reader) => reader.kept);
  expect(Math.min(...kept)).toBeGreaterThanOrEqual(2);
  await store.rewrite();
  await readers[0].read([{ key: 0 }]);
  expect(readers[0].kept).toBe(kept[0] / 2);
  expect(readers[1].kept).toBe(0);
});

/** Against the rows themselves. */
function expectRead({ values, statuses, t: at }: FeatureAnswer, rows: readonly BatchRow[], now: number): void {
  const found = versionAt(rows, at);
  const alive = found !== null && isAlive(found.event, at, TTL);
  expect([at, statuses["all"]]).toEqual([now, found === null ? "NOT_FOUND" : alive ? "PRESENT" : "EXPIRED"]);
  expect([values["all__name"], values["all__number"]]).toEqual(
    alive ? [found.features["name"], found.features["number"]] : [null, null],
  );
}

test("what is kept is bounded, and what is asked for often stays", () => {
  const kept = new KeptRows(new KeptBudget(200_000));
  const one = (): KeptRow => ({
    status: "PRESENT",
    eventTime: 0,
    values: [1],
    nulls: [],
    from: 0,
    until: Infinity,
    written: null,
  });
  const usual = one();
  kept.keep(-1, usual);
  for (let key = 0; key < 10_000; key++) {
    kept.keep(key, one());
    if (key % 100 === 0) expect(kept.get(-1, 1)).toBe(usual);
  }
  const there = Array.from({ length: 10_000 }, (_, key) => kept.get(key, 1)).filter((found) => found !== null);
  expect(there.length).toBeGreaterThan(100);
  expect(there.length).toBeLessThan(700);
});
