import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import type { CollectionType } from "../../src/core/aggregation/feature-type.ts";
import { type Collection, collectionText, collectionTypes } from "../../src/core/codec/collection-text.ts";
import { catalogOf } from "../../src/core/definition/catalog.ts";
import { serviceFeatures } from "../../src/core/definition/service-features.ts";
import { sqlParquet } from "../../src/core/plan/sql.ts";
import { compareStrings } from "../../src/core/schema/compare.ts";
import type { Row } from "../../src/core/schema/data-type.ts";
import { DAY, HOUR, MINUTE, parseTimestamp } from "../../src/core/time/timestamp.ts";
import { open, type Store } from "../../src/index.ts";
import { columnSql, featureIn } from "../../src/surfaces/verify/collection-column.ts";
import type { GoldenFormat } from "./golden-format.ts";
import * as v1 from "./home-definitions-v1.ts";

/** The definitions of each version of the home. */
const definitionsOf: Readonly<Record<number, Readonly<Record<string, unknown>>>> = { 1: { ...v1 } };

const begin = parseTimestamp("2026-03-01");
const now = begin + 5 * DAY + 7 * HOUR;

function payment(i: number, at: number): Readonly<Record<string, unknown>> {
  return {
    at,
    customer: `customer-${i % 5}`,
    zone: i % 9 === 0 ? null : ["eu", "us", "日本"][i % 3],
    number: i % 2,
    amount: ((i * 7919) % 10_007) / 7,
    cents: String(2n ** 60n + BigInt(i)),
    points: i % 4 === 0 ? null : (i * 3) % 7,
    refund: i % 6 === 0,
  };
}

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** Writes a home in which something is everywhere: loads, archives, the log's tail, computations, models, what was served. */
async function writeHome(home: string): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "asof-golden-home-"));
  const history = path.join(folder, "payments.ndjson");
  const examples = path.join(folder, "examples.ndjson");
  await writeFile(history, lines(Array.from({ length: 300 }, (_, i) => payment(i, begin + i * 20 * MINUTE))));
  const example = (i: number): object => ({
    at: begin + i * 30 * MINUTE,
    customer: `customer-${i % 5}`,
    basket: (i * 37) % 211,
    fraud: (i * 37) % 211 > 120,
  });
  await writeFile(examples, lines(Array.from({ length: 220 }, (_, i) => example(i))));
  const configuration = { definitions: { ...v1 }, home, clock: { simulated: now } };
  try {
    const first = await open(configuration, { archiveFrom: 1 });
    await first.apply();
    await first.load("payments", [history]);
    await first.load("examples", [examples]);
    await first.compute();
    await first.train("fraud");
    await first.materialize();
    await first.ingest(
      "payments",
      Array.from({ length: 20 }, (_, i) => payment(1000 + i, now - i * MINUTE)),
    );
    await first.settled();
    await first.predict(
      "fraud",
      Array.from({ length: 6 }, (_, i) => ({ customer: `customer-${i}`, basket: i * 30 })),
    );
    await first.close();
    // What comes now stays in the log: it is too little to be archived.
    const second = await open(configuration);
    await second.ingest(
      "payments",
      Array.from({ length: 7 }, (_, i) => payment(2000 + i, now - i * HOUR)),
    );
    // Not due yet: it waits beside the state of its key.
    await second.ingest("payments", [payment(3001, now + 4 * MINUTE)]);
    await second.settled();
    await second.predict("fraud", [{ customer: "customer-2", basket: 99 }]);
    await second.close();
  } finally {
    await rm(folder, { recursive: true });
  }
  for (const name of ["temporary", "staging", "online/lock.mdb", "log/writer.lock", "log/writer.lock.holder"])
    await rm(path.join(home, name), { recursive: true, force: true });
}

/** Everything that a home answers, live and as of the past. */
async function answersOf(home: string, version: number): Promise<unknown> {
  const store = await open(
    { definitions: definitionsOf[version], home, clock: { simulated: now } },
    { whenLocked: "refuse" },
  );
  try {
    const requests = [0, 1, 2, 3, 4, 5].flatMap((i) => [
      { customer: `customer-${i}`, zone: "eu", number: i % 2, basket: 40 * i },
      { customer: `customer-${i}`, zone: "日本", number: 1, basket: 0.5 },
    ]);
    const live = await store.features("checkout", requests);
    const { compared, different, predictions } = await store.audit("fraud");
    return {
      plan: (await store.plan()).changes.filter(({ change }) => change !== "unchanged"),
      materialized: (await store.materialize()).map(({ view, how }) => ({ view, how })),
      live: live.map(({ values, statuses, eventTimes, loads }) => ({ values, statuses, eventTimes, loads })),
      past: await Promise.all(
        [begin + DAY, begin + 2 * DAY + HOUR, now - HOUR].map(async (t) => ({
          t,
          answers: (await store.features("checkout", requests, { at: t })).map((answer) => ({
            values: answer.values,
            statuses: answer.statuses,
            eventTimes: answer.eventTimes,
            t: answer.t,
            loads: answer.loads,
          })),
        })),
      ),
      dataset: await dataset(store, home, collectionsOf(definitionsOf[version])),
      audit: { compared, different, predictions },
      models: (await store.models()).map(({ model, version, sha256 }) => ({ model, version, sha256 })),
      runs: (await store.runs())
        .filter(({ kind }) => kind !== "dataset")
        .map(({ kind, target, rows }) => ({ kind, target, rows })),
      // What the files have of each; more may be told of them since.
      sources: (await store.status()).offline.sources.map(
        ({ name, rows, bytes, files, minEvent, maxEvent, inLog, retention }) => {
          assert.equal(retention, null);
          return { name, rows, bytes, files, minEvent, maxEvent, inLog };
        },
      ),
    };
  } finally {
    await store.close();
  }
}

/** The features of the service that are lists and maps. */
function collectionsOf(definitions: Readonly<Record<string, unknown>>): Readonly<Record<string, CollectionType>> {
  const catalog = catalogOf(Object.values(definitions) as Parameters<typeof catalogOf>[0]);
  return collectionTypes(serviceFeatures(catalog, catalog.services.get("checkout")!));
}

async function dataset(
  store: Store,
  home: string,
  collections: Readonly<Record<string, CollectionType>>,
): Promise<unknown> {
  const out = path.join(home, "..", `${path.basename(home)}-dataset.parquet`);
  await store.dataset("checkout", {
    spine: {
      sql: "select customer, zone, number, amount as basket, event_time as t from payments where zone is not null and points = 3",
    },
    out,
  });
  const engine = await openDuckDb({ memoryLimit: "256MB", temporaryFolder: home, threads: 1 });
  try {
    const session = await engine.session();
    const columns = await session.describe(`SELECT * FROM ${sqlParquet([out])}`);
    const names = Object.keys(collections);
    const text = { kind: "string", nullable: true } as const;
    // A row is text; in place of a list or a map, whose column is read by itself, it has its name.
    const marked = names.map((name) => `CASE WHEN ${name} IS NOT NULL THEN '@${name}' END AS ${name}`);
    const rows = await session.rows(
      `SELECT to_json(r)::varchar AS asof_row, ${names.map((name) => columnSql(name, collections[name])).join(", ")}
       FROM (SELECT to_json(m) AS r, l.* FROM (SELECT * REPLACE (${marked.join(", ")}) FROM ${sqlParquet([out])}) m
             POSITIONAL JOIN ${sqlParquet([out])} l)`,
      { asof_row: text, ...Object.fromEntries(names.map((name) => [name, text])) },
    );
    await session.close();
    const textOf = (row: Row): string =>
      names.reduce((all, name) => {
        const value = featureIn(collections[name], row[name]);
        return value === null
          ? all
          : all.replace(`"@${name}"`, () => JSON.stringify(collectionText(collections[name], value as Collection)));
      }, row["asof_row"] as string);
    return {
      columns: columns.map(({ name, engineType }) => `${name} ${engineType}`),
      rows: rows.map(textOf).sort(compareStrings),
    };
  } finally {
    await engine.close();
    await rm(out);
  }
}

/** A whole small store. It opens, and answers as it did. */
export const homeFormat: GoldenFormat = {
  name: "home",
  version: 1,
  write: async (folder) => {
    await writeHome(path.join(folder, "home"));
    const copy = await mkdtemp(path.join(tmpdir(), "asof-golden-copy-"));
    try {
      await cp(path.join(folder, "home"), path.join(copy, "home"), { recursive: true });
      return await answersOf(path.join(copy, "home"), 1);
    } finally {
      await rm(copy, { recursive: true });
    }
  },
  read: (folder, version) => answersOf(path.join(folder, "home"), version),
  again: { differs: "it holds random names and the processes of its runs" },
  newer: { unversioned: "each of its parts has a version of its own" },
};
