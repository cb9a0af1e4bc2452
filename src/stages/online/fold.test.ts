import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type AggregationKind, scenario, scenarioFields, scenarioKeys } from "../../../test/oracle/generators.ts";
import { naiveView, type OracleRecord } from "../../../test/oracle/naive.ts";
import { threadTime } from "../../adapters/clock/thread-time.ts";
import { openFileLog } from "../../adapters/file-log/open-file-log.ts";
import { openLmdb } from "../../adapters/lmdb/open-lmdb.ts";
import type { FeatureValue } from "../../core/aggregation/aggregation.ts";
import type { Stream } from "../../core/definition/stream.ts";
import { ByteReader, ByteWriter } from "../../core/codec/bytes.ts";
import { blockKey, entityOfHead, headKey, headPrefix, statePrefix } from "../../core/codec/online-keys.ts";
import { noViews, type OnlineView } from "../../core/codec/online-meta.ts";
import { encodeRecords, ENTRY } from "../../core/codec/record-batch.ts";
import { rowCodec } from "../../core/codec/row-codec.ts";
import { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { encodeWithdrawals, type Withdrawal } from "../../core/codec/withdrawals.ts";
import type { AggregateViewDefinition } from "../../core/definition/data.ts";
import { type Row, t } from "../../core/schema/data-type.ts";
import { blocksAt, readingPlan } from "../../core/tile/reading-plan.ts";
import { StoredReading } from "../../core/tile/stored-reading.ts";
import type { EventLog } from "../../ports/event-log.ts";
import type { OnlineStore } from "../../ports/online-store.ts";
import type { SideThread, StartSideThread } from "../../ports/side-thread.ts";
import { sideThreads } from "../../adapters/threads/side-thread.ts";
import type { FoldLimits } from "./batch-maker.ts";
import type { FromBatchThread } from "./batch-messages.ts";
import { Fold } from "./fold.ts";
import type { FoldThread } from "./helped-batches.ts";
import { type FoldedView, foldedView } from "./folded-view.ts";

const STREAM = "source";
const SCHEMA = "0123456789abcdef";
const SOURCE: Stream = { name: STREAM, schema: SCHEMA, fields: scenarioFields };
const keys = { name: t.string(), part: t.int32() };
const codec = rowCodec(scenarioFields);
const kinds = ["count", "sum", "avg", "min", "max", "countDistinct", "topK", "first", "lastN", "per"] as const;

let folder: string;
let online: OnlineStore;
let runs = 0;
const startWorker = sideThreads("fold", new URL("../../fold-worker.ts", import.meta.url));
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "asof-fold-"));
  online = await openLmdb(path.join(folder, "online"), { onlyWriter: true });
});
afterAll(async () => {
  await online.close();
  rmSync(folder, { recursive: true, force: true });
});

type Commit = OnlineStore["commit"];

/** The store as it is on a slow disk: what is committed can be read only after some turns of the event loop. */
class SlowStore implements OnlineStore {
  private readonly store: OnlineStore;
  /** Does what a commit does. */
  commit: Commit;

  constructor(store: OnlineStore, isBesideThread: boolean) {
    this.store = store;
    this.commit = async (changes) => {
      for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
      // What another thread asks for and tells takes longer than turns do.
      if (isBesideThread) await new Promise((resolve) => setTimeout(resolve, 3));
      await store.commit(changes);
    };
  }

  read: OnlineStore["read"] = (wanted, visit) => this.store.read(wanted, visit);
  refresh: OnlineStore["refresh"] = () => this.store.refresh();
  scan: OnlineStore["scan"] = (prefix) => this.store.scan(prefix);
  flushed: OnlineStore["flushed"] = () => this.store.flushed();
  clear: OnlineStore["clear"] = (prefix) => this.store.clear(prefix);
  rewrite: OnlineStore["rewrite"] = () => this.store.rewrite();
  count: OnlineStore["count"] = (prefix) => this.store.count(prefix);
  bytes: OnlineStore["bytes"] = () => this.store.bytes();
  close: OnlineStore["close"] = () => this.store.close();
}

/** A worker thread of Node's that folds for one course after another: starting one takes longer than most courses. */
class FoldWorker implements FoldThread {
  readonly from = 0;
  readonly folder: string | undefined;
  private readonly thread: SideThread;
  private heard: (message: unknown) => void = () => {};
  /** How many batches it made, and how many of them it committed. */
  batches = 0;
  commits = 0;

  /** @param folder of the online store, where it is to open that */
  constructor(folder?: string) {
    this.folder = folder;
    this.thread = startWorker(
      (message) => {
        const { kind } = message as FromBatchThread;
        if (kind === "made") this.batches++;
        if (kind === "committed") this.commits++;
        this.heard(message);
      },
      (cause) => expect.fail(`the thread ended: ${String(cause)}`),
    );
  }

  start: StartSideThread = (heard) => {
    this.heard = heard;
    return { ...this.thread, close: async () => {} };
  };

  end(): Promise<void> {
    return this.thread.close();
  }
}

/** A log that records are put into, and a fold that carries them into states of the store. */
class Course {
  readonly view: AggregateViewDefinition;
  readonly log: EventLog;
  readonly store: SlowStore;
  private readonly state: number;
  private readonly limits: FoldLimits;
  private readonly thread: FoldThread | null;
  private readonly schemas = new StreamSchemas();
  private readonly out = new ByteWriter();
  fold!: Fold;
  followed!: FoldedView;

  private constructor(
    view: AggregateViewDefinition,
    log: EventLog,
    store: SlowStore,
    limits: FoldLimits,
    thread: FoldThread | null,
  ) {
    this.view = view;
    this.log = log;
    this.store = store;
    this.limits = limits;
    this.thread = thread;
    this.state = ++runs;
    this.schemas.add(SOURCE);
  }

  static async begin(
    view: AggregateViewDefinition,
    limits: FoldLimits,
    thread: FoldThread | null = null,
  ): Promise<Course> {
    await online.clear(new Uint8Array(0));
    const log = await openFileLog(path.join(folder, `log-${runs + 1}`));
    const course = new Course(view, log, new SlowStore(online, thread !== null), limits, thread);
    await course.restart();
    const at = { position: 0, watermark: Number.MIN_SAFE_INTEGER };
    await course.fold.switchViews({ ...noViews, views: [course.followed.online] }, at, []);
    return course;
  }

  /** Goes on as another process would: with nothing but what is stored. */
  async restart(): Promise<void> {
    const view: OnlineView = { name: "view", fingerprint: "", state: this.state, loads: 0 };
    this.followed = foldedView({ source: SOURCE, online: view, definition: this.view, keys });
    await (this.fold as Fold | undefined)?.close();
    const { log, store, schemas, limits, thread } = this;
    this.fold = new Fold({
      log,
      store,
      schemas,
      limits,
      thread,
      clock: threadTime,
    });
    await this.fold.open();
    this.fold.follow([this.followed]);
  }

  append(records: readonly OracleRecord[], stamp: number): Promise<number> {
    this.out.reset();
    encodeRecords(this.out, SCHEMA, codec, records);
    const payload = this.out.finish();
    return this.log.append({ stream: STREAM, kind: ENTRY.records, count: records.length, stamp, payload });
  }

  withdraw(withdrawals: readonly Withdrawal[], stamp: number): Promise<number> {
    this.out.reset();
    encodeWithdrawals(this.out, SCHEMA, codec, withdrawals);
    const payload = this.out.finish();
    return this.log.append({ stream: STREAM, kind: ENTRY.withdrawals, count: withdrawals.length, stamp, payload });
  }

  /** The features of a key as a reader finds them in the store. */
  read(key: Row, at: number): FeatureValue[] {
    const { state } = this.followed;
    const entity = entityOfHead(state.headOf(key)!);
    const plan = readingPlan(state.layout);
    const wanted = plan.levels.flatMap((_, level) => {
      const { from, until } = blocksAt(plan, level, at);
      return Array.from({ length: until - from }, (__, i) => ({ level, block: from + i }));
    });
    const reading = new StoredReading(plan, at);
    let isThere = false;
    void online.read(
      [headKey(this.state, entity), ...wanted.map(({ level, block }) => blockKey(this.state, entity, level, block))],
      (i, bytes) => {
        if (i === 0) isThere = bytes !== undefined;
        if (bytes === undefined) return;
        if (i === 0) reading.head(new ByteReader(bytes));
        else if (isThere) reading.block(wanted[i - 1].level, wanted[i - 1].block, new ByteReader(bytes));
      },
    );
    return reading.features();
  }

  async end(): Promise<void> {
    await this.fold.close();
    await this.log.close();
  }
}

const limits = fc.record({
  records: fc.constantFrom(1, 3, 1000),
  bytes: fc.constant(2 ** 20),
  keys: fc.constantFrom(1, 2, 1000),
  cached: fc.constantFrom(0, 1500, 2 ** 20),
});

/** What is done between entries; mostly nothing, so that several make a batch. */
const between = fc.oneof(
  { weight: 6, arbitrary: fc.constant("nothing" as const) },
  { weight: 2, arbitrary: fc.constant("settle" as const) },
  { weight: 1, arbitrary: fc.constant("restart" as const) },
  { weight: 1, arbitrary: fc.constant("sweep" as const) },
);

describe("the fold against the oracle, bit for bit, with a store that is slow to commit", () => {
  type Where = "here" | "in a thread" | "in a thread that commits";
  test.each<{ kinds: readonly AggregationKind[]; withdrawals: boolean; where: Where }>([
    { kinds, withdrawals: false, where: "here" },
    { kinds, withdrawals: true, where: "here" },
    { kinds, withdrawals: false, where: "in a thread" },
    { kinds, withdrawals: true, where: "in a thread" },
    { kinds, withdrawals: false, where: "in a thread that commits" },
    { kinds, withdrawals: true, where: "in a thread that commits" },
  ])("$where, whatever the batches, caches, restarts and sweeps: withdrawals $withdrawals", async (given) => {
    const { kinds, withdrawals, where } = given;
    const commits = where === "in a thread that commits";
    const thread = where === "here" ? null : new FoldWorker(commits ? path.join(folder, "online") : undefined);
    let swept = 0;
    await fc.assert(
      fc.asyncProperty(
        scenario({ kinds, withdrawals, maxRecords: 60 }),
        limits,
        fc.infiniteStream(fc.integer({ min: 1, max: 6 })),
        fc.infiniteStream(between),
        fc.infiniteStream(fc.nat()),
        async ({ view, records, moments }, limits, sizes, steps, random) => {
          const sorted = [...records].sort((a, b) => a.available - b.available);
          let stamp = Math.min(...sorted.map(({ available }) => available)) - 1;
          fc.pre(sorted.length > 0 && sorted.every(({ available }) => Number.isSafeInteger(available + 200)));
          const course = await Course.begin(view, limits, thread);
          const there: (OracleRecord & { position: number })[] = [];
          try {
            for (let at = 0; at < sorted.length;) {
              const batch = sorted.slice(at, at + sizes.next().value);
              at += batch.length;
              const first = Math.max(stamp + 1, batch[0].available);
              const position = await course.append(batch, first);
              there.push(
                ...batch.map(({ event, row }, i) => ({
                  event,
                  row,
                  available: Math.max(event, first + i),
                  position: position + i,
                })),
              );
              stamp = first + batch.length - 1;
              const left = there.filter(({ withdrawn }) => withdrawn === undefined);
              if (withdrawals && random.next().value % 3 === 0 && left.length > 0) {
                const gone = left[random.next().value % left.length];
                const withdrawn = ++stamp;
                await course.withdraw([{ ...gone, target: gone.position, origin: "stream", withdrawn }], withdrawn);
                there[there.indexOf(gone)] = { ...gone, withdrawn };
              }
              const step = steps.next().value;
              if (step === "nothing") course.fold.wake();
              else await course.fold.settled();
              if (step === "restart") await course.restart();
              if (step === "sweep") swept += await course.fold.sweep();
            }
            await course.fold.settled();
            swept += await course.fold.sweep();
            const { watermark, position } = course.fold;
            expect({ watermark, position }).toEqual({ watermark: stamp + 1, position: course.log.end });
            for (const at of [watermark, watermark + 1, ...moments.filter((moment) => moment > watermark)])
              for (const key of scenarioKeys) {
                const { features, eventTime } = naiveView(view, scenarioFields, there, key, at);
                expect(course.read(key, at)).toStrictEqual([...features, eventTime]);
              }
          } finally {
            await course.end();
          }
        },
      ),
      { numRuns: 60, seed: 20, endOnFailure: true },
    );
    expect(swept).toBeGreaterThan(0);
    await thread?.end();
    expect(thread?.batches ?? 1000).toBeGreaterThan(200);
    expect(thread?.commits ?? 0).toBe(commits ? thread!.batches : 0);
  });
});

const lastHour = (name: string): AggregateViewDefinition => ({
  kind: "aggregateView",
  name,
  source: STREAM,
  entity: "entity",
  keys: { name: "name", part: "part" },
  features: [
    {
      name: "n",
      aggregation: { kind: "count" },
      of: null,
      where: null,
      window: { length: 3_600_000_000, hop: 300_000_000, offset: 0 },
    },
  ],
});
const MINUTES = 60_000_000;
const all: FoldLimits = { records: 1000, bytes: 2 ** 20, keys: 1000, cached: 2 ** 20 };
const recordAt = (name: string, event: number): OracleRecord => ({
  event,
  available: event,
  row: { name, part: 1, n: 1, x: 0, wild: null, text: null, yes: null, big: null, at: null },
});

test("a sweep removes what idle keys left, heads and blocks, and nothing of others; it leaves W alone", async () => {
  const course = await Course.begin(lastHour("idle"), all);
  const state = course.followed.online.state;
  // Five hours in steps of five minutes: blocks of 32 tiles close.
  for (let at = 0; at < 300; at += 5) await course.append([recordAt("idle", at * MINUTES)], at * MINUTES + 1);
  await course.fold.settled();
  expect(await online.count(headPrefix(state))).toBe(1);
  expect(await course.fold.sweep()).toBe(0);

  await course.append([recordAt("busy", 400 * MINUTES)], 400 * MINUTES + 1);
  await course.fold.settled();
  const { watermark } = course.fold;
  expect(await online.count(headPrefix(state))).toBe(2);
  expect(await course.fold.sweep()).toBe(1);
  expect(course.fold.watermark).toBe(watermark);
  expect(await online.count(statePrefix(state))).toBe(1);
  const [idle, never] = ["idle", "never"].map((name) => course.read({ name, part: 1 }, watermark));
  expect(idle).toEqual(never);
  expect(course.read({ name: "busy", part: 1 }, watermark)).toEqual([1, 400 * MINUTES]);

  // The key lives on in memory, and comes back as one that is new.
  await course.append([recordAt("idle", 401 * MINUTES)], 401 * MINUTES + 1);
  await course.fold.settled();
  expect(course.read({ name: "idle", part: 1 }, course.fold.watermark)).toEqual([1, 401 * MINUTES]);
  await course.end();
});

test("what comes too late for any window leaves no trace", async () => {
  const course = await Course.begin(lastHour("late"), all);
  await course.append([recordAt("late", 0)], 400 * MINUTES);
  await course.fold.settled();
  expect(await online.count(statePrefix(course.followed.online.state))).toBe(0);
  await course.end();
});

test("records of one key become one write, with the position in the same commit", async () => {
  const course = await Course.begin(lastHour("hot"), all);
  const commits: number[] = [];
  const { commit } = course.store;
  course.store.commit = (changes) => {
    commits.push(changes.length);
    return commit(changes);
  };
  for (let n = 0; n < 40; n++) await course.append([recordAt("hot", n)], 1000 + n);
  await course.fold.settled();
  expect(commits).toEqual([2]);
  expect(course.read({ name: "hot", part: 1 }, course.fold.watermark)).toEqual([40, 39]);
  await course.end();
});

test("where a commit fails, nothing is folded any more and those who wait are told", async () => {
  const course = await Course.begin(lastHour("failed"), { ...all, records: 1 });
  let commits = 0;
  const { commit } = course.store;
  course.store.commit = (changes) =>
    ++commits === 3 ? Promise.reject(new Error("the disk is full")) : commit(changes);
  for (let n = 0; n < 10; n++) await course.append([recordAt("failed", n)], 1000 + n);
  await expect(course.fold.settled()).rejects.toThrow("the disk is full");
  expect(course.fold.position).toBe(2);
  await expect(course.fold.settled()).rejects.toThrow("the disk is full");
  expect(course.read({ name: "failed", part: 1 }, course.fold.watermark)).toEqual([2, 1]);
  // Another process goes on where the last commit ended, and counts each record once.
  await course.restart();
  course.store.commit = commit;
  await course.fold.settled();
  expect(course.read({ name: "failed", part: 1 }, course.fold.watermark)).toEqual([10, 9]);
  await course.end();
});

test.each([
  ["commits", true],
  ["has its batches committed", false],
])("a thread that %s goes on from what was folded here; where it ends, so does the fold", async (_, commits) => {
  const started: SideThread[] = [];
  const ready = Promise.withResolvers<() => void>();
  const thread: FoldThread = {
    from: 20,
    folder: commits ? path.join(folder, "online") : undefined,
    start: (heard, ended) => {
      const hear: typeof heard = (message) =>
        (message as FromBatchThread).kind === "ready" ? ready.resolve(() => heard(message)) : heard(message);
      const made = startWorker(hear, ended);
      started.push(made);
      return made;
    },
  };
  const course = await Course.begin(lastHour("helped"), { ...all, records: 3 }, thread);
  const { commit } = course.store;
  let records = 0;
  let reopened = 0;
  course.fold.reopened = () => reopened++;
  const append = async (): Promise<void> => {
    for (let n = 0; n < 10; n++, records++) await course.append([recordAt("helped", records)], 1000 + records);
  };
  const isCounted = (): void =>
    expect(course.read({ name: "helped", part: 1 }, course.fold.watermark)).toEqual([records, records - 1]);
  for (let rounds = 0; rounds < 5; rounds++) {
    await append();
    await course.fold.settled();
    isCounted();
    expect(started).toHaveLength(rounds < 2 ? 0 : 1);
  }
  // It is there while a batch is being committed that was made here, which it cannot know of before.
  const isThere = await ready.promise;
  course.store.commit = async (changes) => {
    course.store.commit = commit;
    isThere();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await commit(changes);
  };
  for (let rounds = 0; rounds < 5; rounds++) {
    await append();
    await course.fold.settled();
    isCounted();
  }

  // It ends, as where it runs out of memory, and what it is making is lost.
  await append();
  started[0].post({ kind: "make", portion: null, watermark: 0, schemas: "no schemas" });
  await expect(course.fold.settled()).rejects.toMatchObject({ code: "ASOF_INTERNAL" });
  await vi.waitUntil(() => reopened === 1);
  for (let rounds = 0; rounds < 5; rounds++) {
    await append();
    await course.fold.settled();
    isCounted();
  }
  expect(started).toHaveLength(1);
  await course.end();
});

test("what a thread commits is seen by reads that begin once it is folded, and not while the fold pauses", async () => {
  const thread = new FoldWorker(path.join(folder, "online"));
  const course = await Course.begin(lastHour("seen"), { ...all, records: 2 }, thread);
  const seen = (): FeatureValue[] => course.read({ name: "seen", part: 1 }, course.fold.watermark);
  for (let records = 1; records <= 100; records++) {
    seen();
    await course.append([recordAt("seen", records)], 1000 + records);
    await course.fold.settled();
    expect(seen()).toEqual([records, records]);
  }
  // Opening the store takes it a moment.
  expect(thread.commits).toBeGreaterThan(10);

  for (let records = 101; records <= 200; records++) await course.append([recordAt("seen", records)], 1000 + records);
  const settled = course.fold.settled();
  const before = await course.fold.pausedWhile(async () => {
    const { commits } = thread;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return { commits, after: thread.commits, position: course.fold.position, seen: seen() };
  });
  expect(before.after).toBe(before.commits);
  expect(before.position).toBeLessThan(200);
  expect(before.seen).toEqual([before.position, before.position]);
  await settled;
  expect(seen()).toEqual([200, 200]);
  await course.end();
  await thread.end();
});

test("a store is written anew while no thread has it open, and folding goes on", async () => {
  /** How many batches each thread has committed. */
  const commits: number[] = [];
  const thread: FoldThread = {
    from: 0,
    folder: path.join(folder, "online"),
    start: (heard, ended) => {
      const number = commits.push(0) - 1;
      return startWorker((message) => {
        if ((message as FromBatchThread).kind === "committed") commits[number]++;
        heard(message);
      }, ended);
    },
  };
  const course = await Course.begin(lastHour("rewritten"), all, thread);
  for (let records = 0; records < 60; records++) {
    await course.append([recordAt("rewritten", records)], 1000 + records);
    await course.fold.settled();
    if (records % 20 === 19) await course.fold.rewriteStore();
    expect(course.read({ name: "rewritten", part: 1 }, course.fold.watermark)).toEqual([records + 1, records]);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  expect(commits).toHaveLength(3);
  expect(Math.min(...commits)).toBeGreaterThan(0);
  await course.end();
});

test("a thread that is given up as it opens the store is there first", async () => {
  const said: string[] = [];
  const thread: FoldThread = {
    from: 0,
    folder: path.join(folder, "online"),
    start: (heard, ended) => {
      const made = startWorker((message) => {
        said.push((message as FromBatchThread).kind);
        heard(message);
      }, ended);
      return { ...made, close: () => (said.push("closed"), made.close()) };
    },
  };
  const course = await Course.begin(lastHour("given up"), all, thread);
  await course.append([recordAt("given up", 1)], 1001);
  await course.fold.settled();
  await course.fold.close();
  expect(said).toEqual(["ready", "closed"]);
  await course.end();
});
