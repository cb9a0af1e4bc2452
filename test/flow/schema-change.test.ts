import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { aggregateView, col, count, entity, eventSource, featureService, last, lastN, max, not, sum, t } from "asof";
import { afterEach, beforeEach, expect, test } from "vitest";
import { open } from "../../src/open.ts";
import { history, now as shopNow } from "./open-test-store.ts";
import * as shop from "./shop.ts";
import { setClock } from "./set-clock.ts";
import type { Store } from "../../src/store.ts";

const start = Date.UTC(2026, 0, 1) * 1000;
const MINUTE = 60_000_000;
const user = entity("user", { user: t.string() });
const fields = {
  at: t.timestamp(),
  user: t.string(),
  amount: t.float64(),
  pieces: t.int32(),
  note: t.nullable(t.string()),
};

const over = (source: unknown) => {
  const payments = source as typeof before;
  const spending = aggregateView("spending", {
    source: payments,
    entity: user,
    features: { payments: count().over("1h", "lifetime"), amount: sum("amount").over("1h", "lifetime") },
  });
  const latest = aggregateView("latest", {
    source: payments,
    entity: user,
    features: { amount: last("amount").over("lifetime"), amounts: lastN("amount", 4).over("lifetime") },
  });
  return { payments, spending, latest, service: featureService("profile", [spending, latest]) };
};
const before = eventSource("payments", { fields, eventTime: "at", availableAt: "1s" });
const { note: _note, ...withoutNote } = fields;

let home: string;
let store: Store | null = null;
let now: number;
const clock = setClock(
  () => now,
  (to) => (now = to),
  MINUTE,
);

async function opened(definitions: Record<string, unknown>, archiveFrom = 20_000): Promise<Store> {
  await store?.close();
  return (store = await open({ home, definitions: { user, ...definitions } }, { clock, archiveFrom }));
}

const record = (i: number, more: object = {}): Record<string, unknown> => ({
  at: start + i * MINUTE,
  user: i % 2 === 0 ? "ann" : "bob",
  amount: i / 7,
  pieces: i,
  note: i % 3 === 0 ? null : `note ${i}`,
  ...more,
});

/** Ten records in Parquet, ten that the log alone has. */
async function filled(definitions: Record<string, unknown>): Promise<Store> {
  const made = await opened(definitions);
  await made.apply();
  const file = path.join(home, "payments.ndjson");
  await writeFile(file, Array.from({ length: 10 }, (_, i) => JSON.stringify(record(i))).join("\n"));
  await made.load("payments", [file]);
  await made.materialize();
  for (let i = 10; i < 20; i++) await made.ingest("payments", [record(i)]);
  await made.settled();
  return made;
}

beforeEach(async () => {
  now = start + 30 * MINUTE;
  home = await mkdtemp(path.join(tmpdir(), "asof-schema-"));
});
afterEach(async () => {
  await store?.close();
  store = null;
  await rm(home, { recursive: true });
});

const keys = [{ user: "ann" }, { user: "bob" }];

test("a field is added: views that do not read it keep their state and their values, online and offline", async () => {
  const first = await filled(over(before));
  const given = await first.features("profile", keys);
  const after = eventSource("payments", {
    fields: { ...fields, region: t.nullable(t.string()), currency: t.string() },
    defaults: { currency: "EUR" },
    eventTime: "at",
    availableAt: "1s",
  });
  const regions = aggregateView("regions", {
    source: after,
    entity: user,
    features: {
      known: count()
        .where(not(col("region").isNull()))
        .over("lifetime"),
      euros: count().where(col("currency").eq("EUR")).over("lifetime"),
    },
  });
  const next = await opened({ ...over(after), regions, byRegion: featureService("by_region", [regions]) });
  const plan = await next.plan();
  const changes = Object.fromEntries(plan.changes.map((one) => [one.name, one]));
  expect(changes["payments"]).toMatchObject({
    change: "changed",
    differences: expect.arrayContaining(["defaults added", "fields.currency added", "fields.region added"]) as unknown,
    notes: [
      "region is added: null in records that do not have it",
      'currency is added: "EUR" in records that do not have it',
    ],
    refused: null,
  });
  expect(changes["spending"].change).toBe("unchanged");
  // Whole records decide the order of those of one moment.
  expect(changes["latest"]).toMatchObject({ change: "changed", cost: [{ command: "asof materialize latest" }] });
  await next.apply();
  const built = await next.materialize();
  expect(built.map(({ view, how }) => [view, how])).toEqual([
    ["latest", "built"],
    ["regions", "built"],
    ["spending", "unchanged"],
  ]);
  const same = await next.features("profile", keys);
  expect(same.map(({ values }) => values)).toEqual(given.map(({ values }) => values));

  await next.ingest("payments", [record(20, { region: "north", currency: "CHF" }), record(21)]);
  await next.settled();
  for (const archive of [20_000, 1]) {
    const again = await opened({ ...over(after), regions, byRegion: featureService("by_region", [regions]) }, archive);
    for (const service of ["profile", "by_region"]) {
      const online = await again.features(service, keys);
      const offline = await again.features(service, keys, { at: online[0].t });
      expect(
        online.map(({ values }) => values),
        service,
      ).toEqual(offline.map(({ values }) => values));
    }
    expect((await again.features("by_region", keys)).map(({ values }) => values)).toEqual([
      { regions__known_lifetime: 1, regions__euros_lifetime: 10 },
      { regions__known_lifetime: 0, regions__euros_lifetime: 11 },
    ]);
  }
  // What was answered before is still what history says.
  const told = await store!.features("profile", keys, { at: given[0].t });
  expect(told.map(({ values }) => values)).toEqual(given.map(({ values }) => values));
});

test("a field is widened: its records are read exactly, and beside those that need the width", async () => {
  await filled(over(before));
  const after = eventSource("payments", {
    fields: { ...fields, pieces: t.int64() },
    eventTime: "at",
    availableAt: "1s",
  });
  const pieces = aggregateView("pieces", {
    source: after,
    entity: user,
    features: { most: max("pieces").over("lifetime"), all: sum("pieces").over("lifetime") },
  });
  const definitions = { ...over(after), pieces, counted: featureService("counted", [pieces]) };
  const next = await opened(definitions);
  expect((await next.plan()).changes.find(({ name }) => name === "payments")).toMatchObject({
    notes: ["pieces is widened: what records have in it is read as int64"],
    refused: null,
  });
  await next.apply();
  await next.ingest("payments", [record(20, { pieces: 2n ** 60n + 1n })]);
  await next.materialize();
  const expected = [
    { pieces__most_lifetime: 2n ** 60n + 1n, pieces__all_lifetime: Number(2n ** 60n + 91n) },
    { pieces__most_lifetime: 19n, pieces__all_lifetime: 100 },
  ];
  expect((await next.features("counted", keys)).map(({ values }) => values)).toEqual(expected);
  await opened(definitions, 1);
  const last = await opened(definitions, 1);
  const [{ t: at }] = await last.features("counted", keys);
  expect((await last.features("counted", keys, { at })).map(({ values }) => values)).toEqual(expected);
});

test("a field is removed: records keep it, nobody can send it, and it comes back with what they have", async () => {
  await filled(over(before));
  const after = eventSource("payments", { fields: withoutNote, eventTime: "at", availableAt: "1s" });
  let next = await opened(over(after));
  expect((await next.plan()).changes.find(({ name }) => name === "payments")).toMatchObject({
    notes: ["note is removed: records keep it, and nothing reads it"],
  });
  await next.apply();
  await expect(next.ingest("payments", [record(20)])).rejects.toMatchObject({ code: "ASOF_UNKNOWN_FIELD" });
  const { note: _, ...sent } = record(20);
  await next.ingest("payments", [sent]);
  await next.materialize();
  await opened(over(after), 1);

  const other = eventSource("payments", {
    fields: { ...fields, note: t.nullable(t.int32()) },
    eventTime: "at",
    availableAt: "1s",
  });
  next = await opened(over(other), 1);
  await expect(next.apply()).rejects.toMatchObject({
    code: "ASOF_SCHEMA_CHANGE",
    message:
      "source payments holds 21 records: note is string or null in them, which int32 or null does not hold exactly",
  });
  const notes = aggregateView("notes", {
    source: before,
    entity: user,
    features: {
      noted: count()
        .where(not(col("note").isNull()))
        .over("lifetime"),
    },
  });
  next = await opened({ ...over(before), notes, noted: featureService("noted", [notes]) }, 1);
  await next.apply();
  await next.materialize();
  expect((await next.features("noted", keys)).map(({ values }) => values)).toEqual([
    { notes__noted_lifetime: 6 },
    { notes__noted_lifetime: 7 },
  ]);
});

test.each<[string, object, RegExp]>([
  ["a field of another type", { fields: { ...fields, pieces: t.string() } }, /pieces is int32 in them, which string/],
  ["a field that may be null no more", { fields: { ...fields, note: t.string() } }, /note is string or null in them/],
  [
    "a field that they do not have",
    { fields: { ...fields, more: t.int32() } },
    /more is not in them: make it nullable/,
  ],
  ["a default for a field that they have", { defaults: { pieces: 3 } }, /the default of pieces cannot be changed/],
  ["another event time", { eventTime: col("at").plus("1m") }, /its eventTime cannot be changed/],
  ["another available time", { availableAt: "2s" }, /its availableAt cannot be changed/],
  ["an id", { id: ["at", "user"] }, /its id cannot be changed/],
])("refused where there are records, in the log or in files, and planned as refused: %s", async (_, change, reason) => {
  await filled(over(before));
  const options = { fields, eventTime: "at", availableAt: "1s", ...change };
  const after = eventSource("payments", options as never);
  const next = await opened(over(after));
  const plan = await next.plan();
  expect(plan.changes.find(({ name }) => name === "payments")!.refused).toMatch(reason);
  await expect(next.apply()).rejects.toMatchObject({ code: "ASOF_SCHEMA_CHANGE", details: { rows: 20 } });
  expect((await next.plan()).revision).toBe(1);
  // Nothing is lost by trying, and what came meanwhile is there.
  const back = await opened(over(before));
  expect((await back.plan()).empty).toBe(true);
  expect((await back.features("profile", [{ user: "ann" }]))[0].values).toMatchObject({
    spending__payments_lifetime: 10,
  });
});

test("a default is a value of a field that is never null", () => {
  const of =
    (defaults: object): (() => unknown) =>
    () =>
      eventSource("payments", { fields, eventTime: "at", defaults });
  expect(of({ nothing: 1 })).toThrow(expect.objectContaining({ code: "ASOF_UNKNOWN_FIELD" }) as Error);
  expect(of({ note: "x" })).toThrow(expect.objectContaining({ code: "ASOF_DEFINITION" }) as Error);
  expect(of({ pieces: "x" })).toThrow(expect.objectContaining({ code: "ASOF_TYPE" }) as Error);
  expect(of({ pieces: 2 ** 40 })).toThrow(expect.objectContaining({ code: "ASOF_OVERFLOW" }) as Error);
});

test("a key is forgotten in records of every shape", async () => {
  await filled(over(before));
  const wide = eventSource("payments", {
    fields: { ...withoutNote, pieces: t.int64(), more: t.int32() },
    defaults: { more: 1 },
    eventTime: "at",
    availableAt: "1s",
  });
  const next = await opened(over(wide));
  await next.apply();
  const { note: _, ...sent } = record(20, { more: 2 });
  await next.ingest("payments", [sent]);
  await next.materialize();
  const outcome = await next.forget("user", { user: "ann" });
  expect(outcome.records).toEqual({ payments: 11 });
  expect(outcome.proof).toMatchObject({ records: 0, online: 0, files: [] });
  const [online] = await next.features("profile", [{ user: "bob" }]);
  expect(online.values).toMatchObject({ spending__payments_lifetime: 10 });
  expect((await next.features("profile", keys, { at: online.t })).map(({ values }) => values)).toMatchObject([
    { spending__payments_lifetime: 0 },
    { spending__payments_lifetime: 10 },
  ]);
});

test("text that is only null in one file is text beside that of another", async () => {
  const made = await opened(over(before));
  await made.apply();
  for (const [i, note] of [null, "a text"].entries()) {
    const file = path.join(home, `payments-${i}.ndjson`);
    await writeFile(file, JSON.stringify(record(i, { note })));
    await made.load("payments", [file]);
  }
  const after = eventSource("payments", {
    fields: { ...fields, more: t.nullable(t.int32()) },
    eventTime: "at",
    availableAt: "1s",
  });
  const next = await opened(over(after));
  await next.apply();
  const history = await next.history("payments", { sample: 10, seed: 1 });
  expect(history.map(({ row }) => row["note"])).toEqual(expect.arrayContaining(["a text", null]));
});

test("of what was served before a change, across it and after it, the audit finds nothing different", async () => {
  const folder = path.join(home, "shop");
  const openedWith = (definitions: object): ReturnType<typeof open> =>
    open({ definitions: { ...definitions }, home: folder, clock: { simulated: shopNow }, audit: { sample: 1 } });
  let served = await openedWith(shop);
  const file = path.join(home, "history.ndjson");
  await writeFile(file, history());
  await served.apply();
  await served.load("payments", [file]);
  await served.train("fraud");
  await served.materialize();
  const pay = (more: object = {}): Promise<unknown> =>
    served.ingest("payments", [
      { at: shopNow, customer: "calm-1", amount: 3, cents: 5, points: 1, ratio: null, refund: false, ...more },
    ]);
  const predict = (): Promise<unknown> => served.predict("fraud", [{ customer: "calm-1" }, { customer: "hasty-0" }]);
  await predict();
  await pay();
  await predict();
  await served.close();

  const source = eventSource("payments", {
    fields: { ...shop.payments.fields, points: t.nullable(t.int64()), channel: t.string() },
    eventTime: "at",
    defaults: { channel: "web" },
  });
  served = await openedWith({ ...shop, payments: source });
  try {
    await predict();
    await served.apply();
    await predict();
    await pay({ channel: "shop", points: 2n ** 40n });
    await pay();
    await served.settled();
    await predict();
    expect(await served.audit("fraud")).toMatchObject({ predictions: 10, different: 0, unverifiable: 0 });
    expect((await served.audit("fraud")).compared).toBeGreaterThan(30);
    expect(await served.auditServed()).toMatchObject({ different: 0 });
  } finally {
    await served.close();
  }
});

test("what was withdrawn, and what came under an idempotency key, is known again in the shape of now", async () => {
  const shapes = [
    { fields, defaults: {} },
    { fields: { ...fields, pieces: t.int64(), more: t.int32(), any: t.nullable(t.string()) }, defaults: { more: 4 } },
  ];
  const of = ({ fields: all, defaults }: (typeof shapes)[number], name: string, id?: readonly ["amount"]) =>
    eventSource(name, {
      fields: all,
      defaults: defaults as Record<string, never>,
      eventTime: "at",
      ...(id === undefined ? {} : { id }),
    });
  const definitions = (shape: (typeof shapes)[number]) => ({
    named: of(shape, "named", ["amount"]),
    keyed: of(shape, "keyed"),
  });
  const file = path.join(home, "keyed.ndjson");
  await writeFile(file, [record(7), record(8)].map((one) => JSON.stringify(one)).join("\n"));
  const first = await opened(definitions(shapes[0]));
  await first.apply();
  await first.ingest("named", [record(1), record(2)]);
  await first.retract("named", [{ amount: record(1)["amount"] }]);
  await first.ingest("keyed", [record(3), record(4)], { idempotencyKey: "a" });
  await first.load("keyed", [file], { idempotencyKey: "b" });

  for (const archive of [20_000, 1, 1]) {
    const next = await opened(definitions(shapes[1]), archive);
    await next.apply();
    expect(await next.ingest("named", [record(1), record(2)])).toMatchObject({ accepted: 0, duplicates: 2 });
    expect(await next.ingest("named", [record(1, { more: 4, any: null })])).toMatchObject({ duplicates: 1 });
    await expect(next.ingest("named", [record(1, { more: 5 })])).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
    expect(await next.ingest("keyed", [record(3), record(4)], { idempotencyKey: "a" })).toMatchObject({
      accepted: 0,
      duplicates: 2,
    });
    expect(await next.load("keyed", [file], { idempotencyKey: "b" })).toMatchObject({ rows: 0, duplicates: 2 });
    await expect(
      next.ingest("keyed", [record(3), record(4, { any: "new" })], { idempotencyKey: "a" }),
    ).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
    await expect(
      next.ingest("keyed", [record(3, { pieces: 2n ** 40n }), record(4)], { idempotencyKey: "a" }),
    ).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
  }
});

test("ids are known again from files that were merged across a change of the fields", async () => {
  const named = (all: typeof fields | ReturnType<typeof widened>, defaults: object = {}) => ({
    named: eventSource("named", { fields: all as typeof fields, defaults, eventTime: "at", id: ["amount"] }),
  });
  const widened = () => ({ ...fields, pieces: t.int64(), more: t.int32(), any: t.nullable(t.string()) });
  const archived = async (definitions: Record<string, unknown>, work: (next: Store) => Promise<unknown>) => {
    await store?.close();
    store = await open({ home, definitions: { user, ...definitions } }, { clock, archiveFrom: 1, compactFrom: 2 });
    await store.apply();
    await work(store);
    // What is accepted is archived as the store closes, and merged with what was before.
    await store.close();
  };
  await archived(named(fields), async (next) => {
    await next.ingest("named", [record(1), record(2)]);
    await next.retract("named", [{ amount: record(1)["amount"] }]);
  });
  const after = named(widened(), { more: 4 });
  await archived(after, (next) => next.ingest("named", [record(3, { more: 5 })]));
  const files = (await readdir(path.join(home, "offline", "named"), { recursive: true })).filter((file) =>
    file.endsWith(".parquet"),
  );
  expect(files).toHaveLength(1);
  await rm(path.join(home, "online"), { recursive: true });
  const next = await opened(after, 1);
  expect(await next.ingest("named", [record(1), record(2), record(3, { more: 5 })])).toMatchObject({
    accepted: 0,
    duplicates: 3,
  });
  await expect(next.ingest("named", [record(2, { more: 5 })])).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
  expect(await next.retract("named", [{ amount: record(3)["amount"] }])).toMatchObject({ retracted: 1 });
});

test("a process that only reads, with the definitions of before, reads on", async () => {
  await filled(over(before));
  const reader = await open({ home, definitions: { user, ...over(before) } }, { clock });
  try {
    const after = eventSource("payments", {
      fields: { ...fields, more: t.nullable(t.int32()) },
      eventTime: "at",
      availableAt: "1s",
    });
    const next = await opened(over(after));
    await next.apply();
    await next.ingest("payments", [record(20, { more: 3 })]);
    const found = await reader.history("payments", { sample: 100, seed: 1 });
    expect(found).toHaveLength(21);
    expect(found.every(({ row }) => Object.keys(row).length === Object.keys(fields).length)).toBe(true);
  } finally {
    await reader.close();
  }
});
