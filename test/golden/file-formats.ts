import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import { openFileLog } from "../../src/adapters/file-log/open-file-log.ts";
import { FORMAT_VERSION } from "../../src/adapters/file-log/segment-header.ts";
import { openBeacon } from "../../src/adapters/folder/file-beacon.ts";
import { LAST_KEY } from "../../src/adapters/lmdb/key-range.ts";
import { openDatabase } from "../../src/adapters/lmdb/lmdb-database.ts";
import { openLmdb } from "../../src/adapters/lmdb/open-lmdb.ts";
import { openSqliteRegistry } from "../../src/adapters/sqlite/open-sqlite-registry.ts";
import { MIGRATIONS } from "../../src/adapters/sqlite/schema.ts";
import { ydfRuntime } from "../../src/adapters/ydf/ydf-runtime.ts";
import { createYdfTrainer } from "../../src/adapters/ydf/ydf-trainer.ts";
import type { AccessKey } from "../../src/core/access/access-key.ts";
import type { TrailEntry } from "../../src/core/access/trail.ts";
import { type Catalog, catalogOf, fingerprintOf } from "../../src/core/definition/catalog.ts";
import type { Definition } from "../../src/core/definition/data.ts";
import { canonicalJson, fingerprint } from "../../src/core/definition/fingerprint.ts";
import { batchStream, servedStream, sourceStream, TARGET, withdrawalStream } from "../../src/core/definition/stream.ts";
import { sqlParquet } from "../../src/core/plan/sql.ts";
import { columnsOfRows } from "../../src/core/schema/column.ts";
import { type Fields, type Row, t } from "../../src/core/schema/data-type.ts";
import {
  AVAILABLE,
  EVENT,
  POSITION,
  systemColumns,
  WITHDRAWN,
  withdrawnColumn,
} from "../../src/core/schema/system-columns.ts";
import type { NewEntry } from "../../src/ports/event-log.ts";
import type { OfflineFile, ModelVersion, StoredDefinition } from "../../src/ports/registry-store.ts";
import { BulkWriter } from "../../src/stages/ingest/bulk-writer.ts";
import { openFolder } from "../../src/adapters/folder/folder-store.ts";
import { contentOf, type GoldenFormat } from "./golden-format.ts";
import { col, eventSource, hours, when } from "../../src/index.ts";
import * as every from "../flow/every-aggregation.ts";
import * as definitions from "./home-definitions-v1.ts";

const entries: readonly NewEntry[] = [
  { stream: "payments", kind: 1, count: 2, stamp: 1_772_323_200_000_000, payload: Uint8Array.of(1, 2, 3) },
  { stream: "été", kind: 255, count: 1, stamp: 1_772_323_200_000_005, payload: new Uint8Array(0) },
  { stream: "payments", kind: 2, count: 1, stamp: 2 ** 52, payload: new Uint8Array(300).fill(7) },
];

/** Segments of the event log: a whole one, then one whose end was torn off by a crash. */
const log: GoldenFormat = {
  name: "log",
  version: FORMAT_VERSION,
  write: async (folder) => {
    const log = await openFileLog(folder);
    await log.append(entries[0]);
    await log.roll();
    await log.append(entries[1]);
    await log.append(entries[2]);
    await log.close();
    const [, torn] = await segments(folder);
    const whole = await readFile(torn);
    // The mark that closing leaves goes, and the last third of the frame before it.
    await truncate(torn, whole.length - 36 - 100);
    for (const name of await readdir(folder)) if (!name.endsWith(".log")) await rm(path.join(folder, name));
    return {
      start: 0,
      end: 3,
      lastStamp: entries[1].stamp,
      entries: [0, 2].map((position, i) => ({ ...entries[i], position })),
    };
  },
  read: async (folder) => {
    const log = await openFileLog(folder);
    try {
      const found = [];
      for await (const entry of log.read(log.start)) {
        const { stream, kind, count, stamp, payload, position } = entry;
        found.push({ stream, kind, count, stamp, payload: payload.slice(), position });
      }
      return { start: log.start, end: log.end, lastStamp: log.lastStamp, entries: found };
    } finally {
      await log.close();
    }
  },
  again: { differs: "each segment has random bytes of its own" },
  newer: async (folder) => {
    const [, newest] = await segments(folder);
    const bytes = await readFile(newest);
    bytes.writeUInt32LE(bytes.readUInt32LE(12) + 1, 12);
    bytes.writeUInt32LE(crc32(bytes.subarray(12, 64)), 8);
    await writeFile(newest, bytes);
  },
};

async function segments(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith(".log"))
    .sort()
    .map((name) => path.join(folder, name));
}

const sign = { position: 2 ** 40 + 1, t: 1_772_323_200_000_001 };

const beacon: GoldenFormat = {
  name: "beacon",
  version: 1,
  write: async (folder) => {
    await show(folder, sign);
    return sign;
  },
  read: async (folder) => {
    const beacon = openBeacon(path.join(folder, "beacon"));
    const found = beacon.look();
    await beacon.close();
    return found;
  },
  again: (content, folder) => show(folder, content as typeof sign),
  newer: { unversioned: "a sign of another version is passed over, as one that was lost may be" },
};

async function show(folder: string, what: typeof sign): Promise<void> {
  const beacon = openBeacon(path.join(folder, "beacon"));
  beacon.show(what);
  await beacon.close();
}

const pairs: readonly (readonly [Uint8Array, Uint8Array])[] = [
  [Uint8Array.of(0, 1), Uint8Array.of(1, 2, 3)],
  [Uint8Array.of(1, 0, 0, 0, 3, 0, 5), new Uint8Array(0)],
  [new Uint8Array(511).fill(0xfe), new Uint8Array(5_000).fill(9)],
];

/** LMDB's own file. It travels between machines of one byte order and page size. */
const onlineStore: GoldenFormat = {
  name: "online-store",
  version: 2,
  write: async (folder) => {
    const store = await openLmdb(folder);
    await store.commit(pairs);
    await store.flushed();
    await store.close();
    await rm(path.join(folder, "lock.mdb"), { force: true });
    return pairs;
  },
  read: async (folder) => {
    const store = await openLmdb(folder);
    try {
      const found = [];
      for await (const [key, value] of store.scan(new Uint8Array(0))) found.push([key.slice(), value.slice()]);
      return found;
    } finally {
      await store.close();
    }
  },
  again: { differs: "where pages lie depends on the commits before" },
  newer: async (folder) => {
    const database = openDatabase(folder, {}, null);
    database.putSync(LAST_KEY, Buffer.from("asof online store 3", "latin1"));
    await database.close();
  },
};

const golden = catalogOf(Object.values(definitions));

/** A source that names its records, which the home has none of. */
const orders = eventSource("orders", {
  fields: { at: t.timestamp(), shop: t.string(), number: t.int64(), total: t.float64() },
  eventTime: "at",
  availableAt: when(col("total").gt(100), col("at").plus(hours(col("total").div(50))), col("at")),
  id: ["shop", "number"],
  dedupe: "30d",
});

const storedOf = (catalog: Catalog): StoredDefinition[] =>
  catalog.all.map((definition) => ({
    kind: definition.kind,
    name: definition.name,
    fingerprint: fingerprintOf(catalog, definition),
    json: canonicalJson(definition),
  }));

const stored = storedOf(golden);
const offlineFile: OfflineFile = {
  path: "payments/day=2026-03-01/load-1-0.parquet",
  stream: "payments",
  kind: "load",
  position: 7,
  end: 8,
  rows: 3,
  bytes: 1234,
  minEvent: -1,
  maxEvent: 2 ** 52,
  minAvailable: 0,
  maxAvailable: 2 ** 52 + 1,
};
const archive: OfflineFile = {
  ...offlineFile,
  path: "payments/day=2026-03-02/archive-2-0.parquet",
  kind: "archive",
  position: 8,
  end: 20,
  checksum: 0xfedcba98,
};
const model: Omit<ModelVersion, "version" | "promotedAt"> = {
  model: "fraud",
  createdAt: 11,
  fingerprint: stored.at(-1)!.fingerprint,
  runtime: "ydf",
  sha256: "0".repeat(64),
  bytes: 99,
  details: '{"metrics":{"auc":0.9}}',
};

const accessKey: AccessKey = {
  id: "0123456789ab",
  name: "grafana",
  hash: "f".repeat(64),
  grant: { scopes: ["read"], only: { service: ["checkout"] } },
  rate: 2.5,
  createdAt: 12,
  createdBy: "user:ada",
  expiresAt: 2 ** 52,
  revokedAt: null,
  revokedBy: null,
  usedAt: null,
};
const trailEntry: TrailEntry = {
  who: "user:ada",
  name: null,
  via: "cli",
  action: "apply",
  target: null,
  outcome: "ok",
  requests: 1,
  from: 16,
  until: 17,
  requestId: null,
};

/** The registry's database. */
const registry: GoldenFormat = {
  name: "registry",
  version: MIGRATIONS.length,
  write: async (folder) => {
    const registry = await openSqliteRegistry(path.join(folder, "registry.sqlite"));
    await registry.apply(0, stored.slice(0, 1), 5);
    await registry.apply(1, stored, 6);
    const id = await registry.startRun({ kind: "load", target: "payments", startedAt: 7, location: "offline store" });
    const outcome = {
      endedAt: 8,
      seconds: 0.25,
      state: "succeeded",
      rows: 3,
      bytes: 1234,
      details: '{"files":1}',
    } as const;
    await registry.finishRun(id, outcome);
    await registry.changeFiles({ add: [offlineFile, archive], remove: [], archived: 20, applied: 8 });
    await registry.addModel(model);
    await registry.addModel({ ...model, createdAt: 12 });
    await registry.addModel({ ...model, createdAt: 13 });
    await registry.promote("fraud", 1, 13);
    await registry.tryOut("fraud", "canary", { version: 2, share: 0.25 }, 14);
    await registry.tryOut("fraud", "shadow", { version: 3, share: null }, 15);
    await registry.setNote("reserve", "1772323200000001");
    await registry.addKey(accessKey);
    await registry.revokeKey(accessKey.id, 15, "user:ada");
    await registry.noteKeyUse(new Map([[accessKey.id, 14]]));
    await registry.addTrail(trailEntry);
    await registry.close();
    const run = { id, kind: "load", target: "payments", startedAt: 7, ...outcome, location: "offline store" };
    const versions = [1, 2, 3].map((version) => ({
      ...model,
      version,
      createdAt: 10 + version,
      promotedAt: version === 1 ? 13 : null,
    }));
    return {
      revision: { revision: 2, appliedAt: 6, definitions: stored },
      runs: [run],
      state: { archived: 20, applied: 8 },
      files: [offlineFile, archive],
      models: versions,
      promoted: versions[0],
      serving: { current: versions[0], canary: { version: versions[1], share: 0.25 }, shadow: versions[2] },
      note: "1772323200000001",
      keys: [{ ...accessKey, revokedAt: 15, revokedBy: "user:ada", usedAt: 14 }],
      keyVersion: 2,
      trail: [trailEntry],
    };
  },
  read: async (folder, version) => {
    const registry = await openSqliteRegistry(path.join(folder, "registry.sqlite"));
    try {
      const { revision, appliedAt, definitions } = await registry.revision();
      return {
        revision: { revision, appliedAt, definitions },
        runs: await registry.runs(),
        state: await registry.offlineState(),
        files: await registry.files(),
        models: await registry.models(),
        promoted: await registry.promoted("fraud"),
        // Before the third there were no trials, and are none.
        ...(version < 3 ? {} : { serving: await registry.serving("fraud") }),
        note: await registry.note("reserve"),
        // Since version 3.
        ...((await registry.keyVersion()) > 0 && {
          keys: await registry.keys(),
          keyVersion: await registry.keyVersion(),
          trail: await registry.trail(0, 10),
        }),
      };
    } finally {
      await registry.close();
    }
  },
  again: { differs: "the process that made a run is on record with it" },
  newer: (folder) => {
    const database = new DatabaseSync(path.join(folder, "registry.sqlite"));
    database.exec("pragma user_version = 99");
    database.close();
    return Promise.resolve();
  },
};

/** What identifies definitions: rows in the registry, files and online states are found by it. */
const fingerprints: GoldenFormat = {
  name: "fingerprints",
  version: 1,
  write: () =>
    Promise.resolve({
      data: [{ b: [1, null, "é"], a: { z: true, y: -0.5 } }, []].map((data) => ({
        data,
        fingerprint: fingerprint(data),
      })),
      definitions: storedOf(catalogOf([...Object.values(definitions), ...Object.values(every), orders])),
    }),
  read: async (folder) => {
    const { data, definitions } = (await contentOf(folder)) as {
      readonly data: readonly { readonly data: unknown }[];
      readonly definitions: typeof stored;
    };
    const reread = (text: string): Definition => JSON.parse(text) as Definition;
    const catalog = catalogOf(definitions.map(({ json }) => ({ definition: reread(json) })));
    return {
      data: data.map(({ data }) => ({ data, fingerprint: fingerprint(data) })),
      definitions: definitions.map(({ kind, name, json }) => ({
        kind,
        name,
        fingerprint: fingerprintOf(catalog, reread(json)),
        json: canonicalJson(reread(json)),
      })),
    };
  },
  again: { differs: "there are no files: the fingerprints are the content" },
  newer: { unversioned: "a definition of another fingerprint is another definition" },
};

interface ParquetContent {
  readonly fields: Fields;
  readonly rows: readonly Row[];
  readonly minimum: readonly [number, number];
}

const at = 1_772_323_200_000_000;

type ParquetKinds = Readonly<Record<string, ParquetContent & { readonly stream: string }>>;

/** A file of each kind of stream: a source, as loaded and as archived, a batch view, what a model served. */
function parquetKinds(): ParquetKinds {
  const source = definitions.payments.definition;
  const view = golden.views.get("totals")!;
  if (view.kind !== "batchView") throw new Error("totals is a batch view");
  const served = servedStream(golden, golden.models.get("fraud")!);
  const rowOf = (fields: Fields, i: number): Row =>
    Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, sample(type, i)]));
  const times = (i: number, position: bigint | null): Row => ({
    [EVENT]: at + i,
    [AVAILABLE]: at + 2 * i + 1,
    [POSITION]: position,
  });
  const content = (fields: Fields, position: (i: number) => bigint | null): ParquetContent => ({
    fields: { ...fields, ...systemColumns },
    rows: [0, 1, 2].map((i) => ({ ...rowOf(fields, i), ...times(i, position(i)) })),
    minimum: [at, at + 1],
  });
  const batch = batchStream(golden, view, fingerprintOf(golden, view));
  return {
    load: { stream: source.name, ...content(sourceStream(source).fields, () => null) },
    archive: { stream: source.name, ...content(sourceStream(source).fields, (i) => BigInt(i) + 2n ** 40n) },
    batch: { stream: batch.name, ...content(batch.fields, () => null) },
    served: { stream: served.name, ...content(served.fields, (i) => BigInt(i)) },
  };
}

function withdrawnKinds(): ParquetKinds {
  const source = sourceStream(orders.definition);
  const withdrawals = withdrawalStream(orders.definition)!;
  const rowsOf = (fields: Fields, more: (i: number) => Row): ParquetContent => ({
    fields: { ...fields, ...systemColumns },
    rows: [0, 1, 2].map((i) => ({
      ...Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, sample(type, i)])),
      [EVENT]: at + i,
      [AVAILABLE]: at + 2 * i + 1,
      ...more(i),
    })),
    minimum: [at, at + 1],
  });
  return {
    load: {
      stream: source.name,
      ...rowsOf({ ...source.fields, ...withdrawnColumn }, (i) => ({
        [POSITION]: null,
        [WITHDRAWN]: i === 1 ? at + 50 : null,
      })),
    },
    withdrawals: {
      stream: withdrawals.name,
      ...rowsOf(withdrawals.fields, (i) => ({ [TARGET]: 2n ** 40n, [POSITION]: 2n ** 40n + BigInt(i) + 1n })),
    },
  };
}

function sample(type: Fields[string], i: number): Row[string] {
  if (type.nullable && i === 1) return null;
  switch (type.kind) {
    case "string":
      return `é-${i}`;
    case "boolean":
      return i === 2;
    case "int32":
      return i - 1;
    case "int64":
      return 2n ** 62n + BigInt(i);
    case "float64":
      return i / 10;
    case "timestamp":
      return at + i;
  }
}

/** Parquet files of the offline store. */
const parquetOf = (name: string, kinds: ParquetKinds): GoldenFormat => ({
  name,
  version: 1,
  write: async (folder) => {
    const root = await mkdtemp(path.join(tmpdir(), "asof-golden-parquet-"));
    const files = await openFolder(root);
    const engine = await openDuckDb({ memoryLimit: "256MB", temporaryFolder: root, threads: 1 });
    try {
      const session = await engine.session();
      // Neither the log nor the registry is asked before files are in their place.
      const bulk = new BulkWriter({ files, registry: null as never, writer: null as never });
      for (const [kind, { stream, fields, rows }] of Object.entries(kinds)) {
        await session.table(kind, fields, [columnsOfRows(fields, rows)]);
        const own = Object.keys(fields).filter((name) => !(name in systemColumns));
        const [placed] = await bulk.place(session, { stream, id: kind, fields: own, sql: `SELECT * FROM ${kind}` });
        await writeFile(path.join(folder, `${kind}.parquet`), await files.read(`offline/${placed.path}`));
      }
      await session.close();
    } finally {
      await engine.close();
      await rm(root, { recursive: true });
    }
    return Object.fromEntries(Object.entries(kinds).map(([kind, { fields, rows }]) => [kind, { fields, rows }]));
  },
  read: async (folder) => {
    const content = (await contentOf(folder)) as Readonly<Record<string, { readonly fields: Fields }>>;
    const engine = await openDuckDb({ memoryLimit: "256MB", temporaryFolder: folder, threads: 1 });
    try {
      const session = await engine.session();
      const found: Record<string, unknown> = {};
      for (const [kind, { fields }] of Object.entries(content))
        found[kind] = {
          fields,
          rows: await session.rows(
            `SELECT * FROM ${sqlParquet([path.join(folder, `${kind}.parquet`)])} ORDER BY ${EVENT}`,
            fields,
          ),
        };
      await session.close();
      return found;
    } finally {
      await engine.close();
    }
  },
  again: { differs: "the engine's version is in its files" },
  newer: { unversioned: "the list of files is in the registry, whose version is theirs too" },
});

const parquet = parquetOf("parquet", parquetKinds());

/** Of a source with an `id`: a load, one row of which was withdrawn before it came, and what was withdrawn since. */
const parquetWithdrawn = parquetOf("parquet-withdrawn", withdrawnKinds());

const features: Fields = { x: t.nullable(t.float64()), colour: t.nullable(t.string()) };
const trained: readonly Row[] = Array.from({ length: 200 }, (_, i) => ({
  x: i % 10 === 0 ? null : ((i * 37) % 101) / 100,
  colour: i % 7 === 0 ? null : ["red", "green", "blue"][i % 3],
}));
const labels = Float64Array.from(trained, ({ x }) => (x === null || (x as number) > 0.6 ? 1 : 0));

/** A trained model's bytes. */
const modelFormat: GoldenFormat = {
  name: "model",
  version: 1,
  write: async (folder) => {
    const { columns } = columnsOfRows(features, trained);
    const { bytes } = await createYdfTrainer("gradientBoostedTrees").train(
      { rows: trained.length, features: columns, label: labels, task: "classification" },
      {},
    );
    await writeFile(path.join(folder, "model.bin"), bytes);
    const rows = trained.slice(0, 30);
    return { inputs: ["colour", "x"], fields: features, rows, predictions: await predictions(bytes, rows) };
  },
  read: async (folder) => {
    const { fields, rows } = (await contentOf(folder)) as { fields: Fields; rows: Row[] };
    const bytes = await readFile(path.join(folder, "model.bin"));
    const model = await ydfRuntime.load({ runtime: "ydf", bytes });
    const inputs = [...model.inputs].sort();
    model.close();
    return { inputs, fields, rows, predictions: await predictions(bytes, rows) };
  },
  again: { differs: "the trainer's version is in its models" },
  newer: { unversioned: "the format is YDF's; a registry names the runtime that reads it" },
};

async function predictions(bytes: Uint8Array, rows: readonly Row[]): Promise<number[]> {
  const model = await ydfRuntime.load({ runtime: "ydf", bytes });
  try {
    return [...(await model.predict(columnsOfRows(features, rows).columns, rows.length))];
  } finally {
    model.close();
  }
}

/** Formats of whole files: what adapters write and read. */
export const fileFormats: readonly GoldenFormat[] = [
  log,
  beacon,
  onlineStore,
  registry,
  fingerprints,
  parquet,
  parquetWithdrawn,
  modelFormat,
];
