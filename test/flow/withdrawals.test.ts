import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { batchView, type FeatureAnswer, featureService, type Store } from "asof";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { simulatedClock } from "../../src/adapters/clock/simulated-clock.ts";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import type { FeatureValue } from "../../src/core/aggregation/aggregation.ts";
import { ByteReader, ByteWriter } from "../../src/core/codec/bytes.ts";
import { columnTypes, featureOfColumn } from "../../src/core/codec/collection-text.ts";
import { ENTRY } from "../../src/core/codec/record-batch.ts";
import type { RowCodec } from "../../src/core/codec/row-codec.ts";
import type { StreamSchemas } from "../../src/core/codec/stream-schemas.ts";
import { decodeWithdrawals, encodeWithdrawals, type Withdrawal } from "../../src/core/codec/withdrawals.ts";
import type { AggregateViewDefinition } from "../../src/core/definition/data.ts";
import { eventSource } from "../../src/core/definition/event-source.ts";
import { sourceStream, TARGET, withdrawalStream } from "../../src/core/definition/stream.ts";
import { makeView } from "../../src/core/definition/view.ts";
import { planService } from "../../src/core/plan/service-plan.ts";
import { columnsOfRows, rowAt } from "../../src/core/schema/column.ts";
import { type Fields, type Row, t } from "../../src/core/schema/data-type.ts";
import {
  AVAILABLE,
  EVENT,
  POSITION,
  systemColumns,
  WITHDRAWN,
  withdrawnColumn,
} from "../../src/core/schema/system-columns.ts";
import { HOUR, MINUTE, parseTimestamp, SECOND } from "../../src/core/time/timestamp.ts";
import { open } from "../../src/open.ts";
import type { StoreParts } from "../../src/store/store-parts.ts";
import type { Writing } from "../../src/store/writing.ts";
import { BulkWriter } from "../../src/stages/ingest/bulk-writer.ts";
import type { OfflineStore } from "../../src/stages/offline/offline-store.ts";
import { pointInTime } from "../../src/stages/offline/point-in-time.ts";
import { eventTimeColumn } from "../../src/stages/offline/result-columns.ts";
import { featureTypes } from "../../src/surfaces/http/feature-types.ts";
import { columnSql, featureIn } from "../../src/surfaces/verify/collection-column.ts";
import { naiveVisible, naiveView, type OracleRecord, type OracleValue } from "../oracle/naive.ts";
import * as definitions from "./every-aggregation.ts";

const events = eventSource("events", {
  fields: { ...definitions.events.fields, id: t.int64() },
  eventTime: "at",
  availableAt: "known",
  order: "seq",
  id: ["user", "id"],
});
const view: AggregateViewDefinition = {
  ...(definitions.everything.view as AggregateViewDefinition),
  source: "events",
  retractable: true,
};
const everything = makeView<"everything", { user: ReturnType<typeof t.string> }, object>(
  view,
  { user: t.string() },
  view.features.map(({ name }) => name),
);
/** Windows of an hour or less: of history only what lies in their reach is read, records and withdrawals alike. */
const recentView: AggregateViewDefinition = {
  ...view,
  name: "recent",
  features: view.features.filter(
    ({ window, series }) => window.length !== null && window.length * (series ?? 1) + window.offset <= HOUR,
  ),
};
const recent = makeView<"recent", { user: ReturnType<typeof t.string> }, object>(
  recentView,
  { user: t.string() },
  recentView.features.map(({ name }) => name),
);
const hours = batchView("hours", {
  entity: definitions.user,
  sources: [events],
  sql: `select "user", date_trunc('hour', event_time) + interval 1 hour as until, count(*)::integer as n
        from events where available_time < date_trunc('hour', event_time) + interval 1 hour group by all`,
  features: { n: t.int32() },
  eventTime: "until",
});
const all = featureService("all", [everything]);
const hourly = featureService("hourly", [hours]);
const lately = featureService("lately", [recent]);

const begin = parseTimestamp("2026-03-01");
const users = ["ann", "bob", "nobody"];
const folder = mkdtempSync(path.join(tmpdir(), "asof-withdrawals-"));
const home = path.join(folder, "home");
const clock = simulatedClock(begin + 30 * HOUR);
const configuration = {
  definitions: { user: definitions.user, events, everything, recent, hours, all, hourly, lately },
  home,
};
const stream = sourceStream(events.definition);
const withdrawn = withdrawalStream(events.definition)!;

/** A record as history must have it. */
interface Known extends OracleRecord {
  readonly load: number | null;
  readonly position: number;
  withdrawn?: number;
}

interface Asked {
  readonly user: string;
  readonly answer: FeatureAnswer;
}

const known: Known[] = [];
const asked: Asked[] = [];
const seen = { ofStream: 0, ofLoad: 0, notDue: 0, afterLoad: 0, born: 0 };
let store: Store;

/** The parts of the open store: withdrawals are written as the store's own way in writes them. */
function inside(): { parts: StoreParts; writing: Writing; codecOf: (schema: string) => RowCodec } {
  const { parts, writer, schemas } = (
    store as unknown as { store: { parts: StoreParts; writer: Writing; schemas: StreamSchemas } }
  ).store;
  return { parts, writing: writer, codecOf: schemas.codecOf };
}

let state = 20260302;
const next = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const pages = ["home", "cart", "help", "ünïcode", "𝔸"];
let ids = 0n;

function makeRow(latest: number): Row {
  const at = latest - next(26 * 12) * 5 * MINUTE;
  return {
    id: ids++,
    at,
    known: at + [0, 0, 5 * MINUTE, 3 * HOUR, -MINUTE][next(5)],
    user: users[next(2)],
    seq: next(3) === 0 ? null : next(2),
    page: next(4) === 0 ? null : pages[next(pages.length)],
    n: next(4) === 0 ? null : next(7),
    amount: (next(2001) - 1000) / 7,
    odd: next(3) === 0 ? null : [Number.NaN, Infinity, 0.1, -0.5][next(4)],
    big: 2n ** 62n + BigInt(next(5)),
    ok: next(4) === 0 ? null : next(2) === 0,
  };
}

/** Sends records, some of them of the past, some of the near future. */
async function ingest(count: number): Promise<void> {
  const rows = Array.from({ length: count }, () => makeRow(clock.now() + next(5) * MINUTE));
  const { position, stamp } = await store.ingest("events", rows);
  rows.forEach((row, i) => {
    const event = row.at as number;
    known.push({ event, available: Math.max(event, stamp + i), row, load: null, position: position + i });
  });
}

/** Loads records; where some were withdrawn before they came, their file says so. */
async function load(count: number, name: string, withWithdrawn: boolean): Promise<void> {
  const { parts, writing } = inside();
  const earlier = clock.now() - HOUR;
  const rows = Array.from({ length: count }, () => makeRow(clock.now() - next(2) * HOUR)).map((row): Row => ({
    ...row,
    [EVENT]: row.at,
    [AVAILABLE]: row.known,
    [POSITION]: null,
    [WITHDRAWN]: withWithdrawn && next(4) === 0 && (row.known as number) < earlier ? earlier : null,
  }));
  const session = await parts.engine.session();
  try {
    const fields: Fields = { ...stream.fields, ...systemColumns, ...withdrawnColumn };
    await session.table("loaded", fields, [columnsOfRows(fields, rows)]);
    const written = withWithdrawn ? [...Object.keys(stream.fields), WITHDRAWN] : Object.keys(stream.fields);
    const { position } = (await new BulkWriter({ ...parts, writer: writing.writer }).write(session, {
      stream: stream.name,
      id: name,
      fields: written,
      sql: "SELECT * FROM loaded",
    }))!;
    for (const row of rows) {
      const fate = row[WITHDRAWN] as number | null;
      if (fate !== null) seen.born++;
      known.push({
        event: row[EVENT] as number,
        available: row[AVAILABLE] as number,
        row: Object.fromEntries(Object.keys(stream.fields).map((field) => [field, row[field]])),
        load: position,
        position,
        ...(fate === null ? {} : { withdrawn: fate }),
      });
    }
  } finally {
    await session.close();
  }
  writing.fold.wake();
}

/** Withdraws some records: of those that came last, or any. */
async function withdraw(count: number): Promise<void> {
  const { writing, codecOf } = inside();
  const gone: Known[] = [];
  for (let i = 0; i < count; i++) {
    const there = known.filter((record) => record.withdrawn === undefined && !gone.includes(record));
    const recent = next(2) === 0 ? there.slice(-10) : there;
    if (recent.length > 0) gone.push(recent[next(recent.length)]);
  }
  const never = next(4) === 0 ? [makeRow(clock.now())] : [];
  const size = gone.length + never.length;
  if (size === 0) return;
  const online = writing.fold.views.views.find(({ name }) => name === "everything")?.loads ?? 0;
  const { stamp } = await writing.writer.append(stream.name, ENTRY.withdrawals, size, (stamp) => {
    const items: Withdrawal[] = gone.map(({ event, available, row, load, position }, i) => ({
      target: position,
      origin: load === null ? "stream" : "load",
      event,
      available,
      withdrawn: stamp + i,
      row,
    }));
    never.forEach((row, i) => {
      const times = { event: row.at as number, available: clock.now(), withdrawn: stamp + gone.length + i };
      items.push({ target: 0, origin: "nowhere", ...times, row });
    });
    const out = new ByteWriter();
    encodeWithdrawals(out, stream.schema, codecOf(stream.schema), items);
    return out.finish();
  });
  gone.forEach((record, i) => {
    record.withdrawn = stamp + i;
    if (record.load === null) seen.ofStream++;
    else if (record.load < online) seen.ofLoad++;
    else seen.afterLoad++;
    if (Math.max(record.available, record.event) > clock.now()) seen.notDue++;
  });
  writing.fold.wake();
}

/** Moves the log into Parquet, with what was withdrawn in it. */
async function archive(name: string): Promise<void> {
  const { parts, writing, codecOf } = inside();
  const { archived } = await parts.registry.offlineState();
  const position = writing.log.end;
  const rows: Row[] = [];
  for await (const entry of writing.log.read(Math.max(archived, writing.log.start))) {
    if (entry.kind !== ENTRY.withdrawals || entry.position < archived) continue;
    for (const [i, item] of decodeWithdrawals(new ByteReader(entry.payload), entry.count, codecOf).entries())
      if (item.origin !== "nowhere")
        rows.push({
          user: item.row.user,
          id: item.row.id,
          [TARGET]: BigInt(item.target),
          [EVENT]: item.event,
          [AVAILABLE]: item.withdrawn,
          [POSITION]: BigInt(entry.position + i),
        });
  }
  if (rows.length > 0) {
    const session = await parts.engine.session();
    try {
      const fields = { ...withdrawn.fields, ...systemColumns };
      await session.table("taken", fields, [columnsOfRows(fields, rows)]);
      const placed = await new BulkWriter({ ...parts, writer: writing.writer }).place(session, {
        stream: withdrawn.name,
        id: name,
        fields: Object.keys(withdrawn.fields),
        sql: "SELECT * FROM taken",
      });
      const add = placed.map((file) => ({
        ...file,
        stream: withdrawn.name,
        kind: "archive" as const,
        position: archived,
        end: position,
      }));
      await parts.registry.changeFiles({ add, remove: [] });
    } finally {
      await session.close();
    }
  }
  await writing["archive"]();
  expect((await parts.registry.offlineState()).archived).toBeGreaterThanOrEqual(position);
}

async function ask(): Promise<void> {
  const answers = await store.features(
    all,
    users.map((user) => ({ user })),
  );
  answers.forEach((answer, i) => asked.push({ user: users[i], answer: answer }));
}

beforeAll(async () => {
  store = await open(configuration, { clock });
  await store.apply();
  await load(120, "first", false);
  await withdraw(4);
  await store.materialize(["everything"]);
});

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const inOrder = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : value;

function same(a: FeatureValue | OracleValue, b: FeatureValue | OracleValue, what: string): void {
  expect(inOrder(a), what).toStrictEqual(inOrder(b));
}

/** Compares values with what the contract says of the records. */
function check(values: Readonly<Record<string, FeatureValue>>, user: string, t: number, loads: number): number | null {
  const there = known.filter(({ load }) => load === null || load < loads);
  const expected = naiveView(view, stream.fields, there, { user }, t);
  view.features.forEach(({ name }, f) =>
    same(values[`everything__${name}`], expected.features[f], `${name} of ${user} at ${t}`),
  );
  return expected.eventTime;
}

describe("withdrawn records, online and offline", () => {
  test("are gone from every answer once that is known: records, withdrawals, loads, archives, restarts", async () => {
    for (let step = 0; step < 90; step++) {
      clock.advance!(clock.now() + next(8) * MINUTE + next(3) * SECOND + 1);
      await ingest(1 + next(6));
      if (next(3) > 0) await withdraw(1 + next(4));
      if (next(5) === 0) await load(8, `load-${step}`, next(2) === 0);
      if (next(9) === 0) {
        // What arrives meanwhile is caught up with.
        const materialized = store.materialize(["everything"]);
        await ingest(3);
        await withdraw(4);
        await materialized;
      }
      if (next(15) === 0) await archive(`archive-${step}`);
      if (next(15) === 0) {
        await store.close();
        store = await open(configuration, { clock });
      }
      if (next(3) === 0) clock.advance!(clock.now() + next(3) * HOUR);
      await ask();
      for (const { user, answer } of asked.slice(-users.length)) {
        const eventTime = check(answer.values, user, answer.t, answer.loads.everything);
        expect(answer.eventTimes.everything).toBe(eventTime);
      }
    }
    await archive("archive-last");
    // Loads that say what was withdrawn before them have been merged with those that do not.
    const files = await inside().parts.registry.files(stream.name);
    expect(files.some(({ kind, position, end }) => kind === "load" && end > position + 1)).toBe(true);
    expect(
      Object.values(seen).every((times) => times > 3),
      JSON.stringify(seen),
    ).toBe(true);
  });

  test("are still there as of before", async () => {
    const groups = [...Map.groupBy(asked, ({ answer }) => answer.t)].filter((_, i) => i % 6 === 0);
    let differing = 0;
    for (const [t, group] of groups) {
      const requests = group.map(({ user }) => ({ user }));
      const offline = await store.features(all, requests, { at: t });
      group.forEach(({ user }, i) => {
        const answer = offline[i] as FeatureAnswer;
        expect(answer.eventTimes.everything).toBe(check(answer.values, user, t, Infinity));
        const later = known.filter((record) => record.withdrawn !== undefined && naiveVisible(record, t));
        if (later.length > 0) differing++;
      });
      const within = await store.features(lately, requests, { at: t });
      group.forEach(({ user }, i) => {
        const { values, eventTimes } = within[i] as FeatureAnswer;
        const expected = naiveView(recentView, stream.fields, known, { user }, t);
        recentView.features.forEach(({ name }, f) => same(values[`recent__${name}`], expected.features[f], name));
        expect(eventTimes.recent).toBe(expected.eventTime);
      });
    }
    expect(differing).toBeGreaterThan(20);
  });

  test("a state built anew has what the one kept up to date has, to the last sketch", async () => {
    await store.materialize(["everything"]);
    await ask();
    const kept = asked.slice(-users.length);
    const past = await store.features(
      all,
      kept.map(({ user }) => ({ user })),
      { at: kept[0].answer.t },
    );
    kept.forEach(({ answer }, i) => {
      for (const [name, value] of Object.entries((past[i] as FeatureAnswer).values))
        same(answer.values[name], value, name);
    });
  });

  test("with the loads that it held each answer is computed again, bit for bit, also in parts", async () => {
    const { parts } = inside();
    const { offline } = (store as unknown as { store: { offline: OfflineStore } }).store;
    const plan = planService(parts.catalog, all.definition);
    const session = await parts.engine.session();
    const cut = parts.log.end;
    const spineFields: Fields = { __row: t.int64(), __t: t.int64(), user: t.string() };
    try {
      const groups = [...Map.groupBy(asked, ({ answer }) => answer.loads.everything)];
      expect(groups.length).toBeGreaterThan(5);
      for (const [g, [loadsUntil, group]] of groups.entries()) {
        const spine = group.map(({ user, answer }, i) => ({ __row: BigInt(i), __t: BigInt(answer.t), user }));
        await session.run("DROP TABLE IF EXISTS spine");
        await session.table("spine", spineFields, [columnsOfRows(spineFields, spine)]);
        const joined = pointInTime(
          session,
          offline,
          { plan, spine: "spine", rows: spine.length, carry: {}, parts: () => ({ cut, loadsUntil }), evidence: true },
          { threadFrom: Infinity, outputBytes: 2 ** 20, records: g % 2 === 0 ? 100 : 10 ** 6 },
        );
        let at = 0;
        for await (const batch of joined)
          for (let i = 0; i < batch.rows; i++, at++) {
            const row = rowAt(batch, i);
            const { answer } = group[at];
            for (const [name, type] of Object.entries(plan.features))
              same(featureOfColumn(type, row[name]), answer.values[name], name);
            expect(row[eventTimeColumn("everything")]).toBe(answer.eventTimes.everything);
          }
        expect(at).toBe(group.length);
      }
    } finally {
      await session.close();
    }
  });

  test("a training set has them as of each row", async () => {
    const spine = path.join(folder, "spine.ndjson");
    const out = path.join(folder, "dataset.parquet");
    writeFileSync(spine, asked.map(({ user, answer }) => `${JSON.stringify({ user, t: answer.t })}\n`).join(""));
    await store.dataset("all", { spine, out });
    const types = featureTypes(store, all.definition);
    const engine = await openDuckDb({ memoryLimit: "500MB", temporaryFolder: path.join(folder, "temporary") });
    try {
      const session = await engine.session();
      const select = Object.entries(types).map(([name, type]) => columnSql(name, type));
      const rows = await session.rows(`SELECT ${select.join(", ")} FROM read_parquet('${out}')`, columnTypes(types));
      expect(rows).toHaveLength(asked.length);
      asked.forEach(({ user, answer }, i) => {
        if (i % 5 !== 0) return;
        const values = Object.entries(types).map(([name, type]) => [name, featureIn(type, rows[i][name])]);
        check(Object.fromEntries(values) as Record<string, FeatureValue>, user, answer.t, Infinity);
      });
    } finally {
      await engine.close();
    }
  });

  test("a query over the source has the records that are not withdrawn, and so has a batch view", async () => {
    const there = known.filter((record) => record.withdrawn === undefined);
    const out = path.join(folder, "spine-of-source.parquet");
    const { rows } = await store.dataset("all", { spine: { sql: "SELECT user, event_time AS t FROM events" }, out });
    expect(rows).toBe(there.length);
    await store.compute(["hours"]);
    await store.materialize(["hours"]);
    const [{ values, eventTimes }] = await store.features(hourly, [{ user: "ann" }]);
    const until = eventTimes["hours"]!;
    const counted = there.filter(
      ({ row, event, available }) => row.user === "ann" && event >= until - HOUR && event < until && available < until,
    );
    expect((values as Record<string, unknown>).hours__n).toBe(counted.length);
  });
});
