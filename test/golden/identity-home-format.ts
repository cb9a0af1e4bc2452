import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { simulatedClock } from "../../src/adapters/clock/simulated-clock.ts";
import { openSqliteRegistry } from "../../src/adapters/sqlite/open-sqlite-registry.ts";
import type { AuditedDifference } from "../../src/core/result/monitoring.ts";
import { DAY, HOUR, MINUTE, parseTimestamp } from "../../src/core/time/timestamp.ts";
import { type AsofError, open, type Store } from "../../src/index.ts";
import type { AuditNote } from "../../src/stages/monitoring/audit-totals.ts";
import type { GoldenFormat } from "./golden-format.ts";
import * as v1 from "./identity-home-definitions-v1.ts";

/** The definitions of each version of the home. */
const definitionsOf: Readonly<Record<number, Readonly<Record<string, unknown>>>> = { 1: { ...v1 } };

const begin = parseTimestamp("2026-03-01");
const now = begin + 4 * DAY + 5 * HOUR;

const order = (number: number, amount = number / 7): Readonly<Record<string, unknown>> => ({
  at: begin + (number % 320) * 18 * MINUTE,
  shop: number % 2 === 0 ? "été" : "b",
  number: String(2n ** 55n + BigInt(number)),
  customer: `customer-${number % 4}`,
  amount,
  note: number % 3 === 0 ? null : `note ${number}`,
});
const idOf = (number: number): Readonly<Record<string, unknown>> => {
  const { shop, number: of } = order(number);
  return { shop, number: of };
};
const click = (i: number): Readonly<Record<string, unknown>> => ({
  at: now - i * HOUR,
  customer: `customer-${i % 4}`,
});
const range = (from: number, until: number): number[] => Array.from({ length: until - from }, (_, i) => from + i);
const customers = range(0, 5).map((i) => ({ customer: `customer-${i}` }));

const openAt = (home: string, version: number, archiveFrom?: number): Promise<Store> =>
  open(
    { definitions: definitionsOf[version], home, clock: { simulated: now }, audit: { sample: 1, every: "1d" } },
    {
      whenLocked: "refuse",
      clock: simulatedClock(now),
      ...(archiveFrom === undefined ? {} : { archiveFrom }),
    },
  );

const example: AuditedDifference = {
  what: "ordering__amount_1d",
  t: now - HOUR,
  request: { customer: "customer-1" },
  loads: { ordering: 4 },
  served: "NaN",
  recomputed: "0.1",
  id: null,
};

/** Writes a home of records that have ids, to which everything happens that may; of a store that watches itself. */
async function writeHome(home: string): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "asof-golden-ids-"));
  const file = async (name: string, rows: readonly object[]): Promise<string[]> => {
    const to = path.join(folder, `${name}.ndjson`);
    await writeFile(to, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return [to];
  };
  const orders = (numbers: readonly number[]): Readonly<Record<string, unknown>>[] => numbers.map((n) => order(n));
  try {
    let store = await openAt(home, 1, 1);
    await store.apply();
    await store.retract("orders", [0, 1, 2, 400].map(idOf));
    await store.load("orders", await file("orders", orders(range(0, 200))), { idempotencyKey: "a load" });
    const good = range(0, 180).map((i) => ({
      at: begin + i * 31 * MINUTE,
      customer: `customer-${i % 4}`,
      good: i % 4 > 1,
    }));
    await store.load("examples", await file("examples", good));
    await store.train("quality");
    await store.materialize();
    await store.ingest("orders", orders(range(200, 300)), { idempotencyKey: "a request" });
    await store.ingest("clicks", range(0, 9).map(click), { idempotencyKey: "clicks" });
    await store.retract("orders", [3, 4, 220, 221, 301].map(idOf));
    await store.correct("orders", [order(5, 500), order(222, 600), order(302, 7)]);
    await store.ingest("orders", orders([301, 302]));
    await store.settled();
    await store.close();
    // What comes now stays in the log.
    store = await openAt(home, 1);
    await store.ingest("orders", orders(range(303, 310)), { idempotencyKey: "in the log" });
    await store.retract("orders", [6, 223, 305, 401].map(idOf));
    await store.correct("orders", [order(7, 501), order(306, 601)]);
    await store.ingest("orders", orders([401]));
    await store.retract("orders", [402].map(idOf));
    await store.settled();
    await store.features("asked", customers);
    await store.predict("quality", customers);
    await store.auditServed();
    await store.close();
    await addExample(home);
  } finally {
    await rm(folder, { recursive: true });
  }
  for (const name of ["temporary", "staging", "online/lock.mdb", "log/writer.lock", "log/writer.lock.holder"])
    await rm(path.join(home, name), { recursive: true, force: true });
}

/** A store without a fault keeps no example of a difference: one is put into its note. */
async function addExample(home: string): Promise<void> {
  const registry = await openSqliteRegistry(path.join(home, "registry.sqlite"));
  const name = "audit.features.asked";
  const note = JSON.parse((await registry.note(name))!) as AuditNote & { readonly format: number };
  const counts = note.features[example.what];
  const features = { ...note.features, [example.what]: { ...counts, different: 1 } };
  await registry.setNote(name, JSON.stringify({ ...note, features, examples: [example], dropped: 2 }));
  await registry.close();
}

async function answers(store: Store): Promise<unknown> {
  const at = async (t?: number): Promise<unknown> =>
    (await store.features("asked", customers, t === undefined ? {} : { at: t })).map(
      ({ values, statuses, eventTimes }) => ({ values, statuses, eventTimes }),
    );
  return { live: await at(), past: [await at(begin + 2 * DAY), await at(begin + 3 * DAY), await at(now - HOUR)] };
}

/** What is known of ids and requests, as it is told to those who send them again. Changes what is there. */
async function known(store: Store): Promise<unknown> {
  const told = async (what: () => Promise<{ accepted?: number; duplicates: number }>): Promise<unknown> =>
    what().then(
      ({ accepted, duplicates, ...more }) => ({
        accepted,
        duplicates,
        waiting: (more as { waiting?: number }).waiting,
      }),
      (error: unknown) => (error as AsofError).code,
    );
  const found: unknown[] = [];
  const all = [...range(0, 10), ...range(218, 225), ...range(300, 312), 400, 401, 402];
  for (const n of all) found.push([n, await told(() => store.ingest("orders", [order(n)]))]);
  for (const n of [5, 222, 302, 7, 306]) found.push([n, await told(() => store.ingest("orders", [order(n, -1)]))]);
  for (const n of [3, 220, 401, 403]) found.push([n, await told(() => store.retract("orders", [idOf(n)]))]);
  for (const idempotencyKey of ["a load", "a request", "in the log", "another"])
    found.push([idempotencyKey, await told(() => store.ingest("orders", [order(500)], { idempotencyKey }))]);
  found.push(await told(() => store.ingest("clicks", range(0, 9).map(click), { idempotencyKey: "clicks" })));
  await store.settled();
  return found;
}

async function watched(store: Store): Promise<unknown> {
  const { services, audit, drift } = await store.monitoring();
  return {
    services,
    audit: audit.targets,
    drift: drift.map(({ features, ...model }) => ({
      ...model,
      features: features.map((one) => ({ ...one, psi: digits(one.psi), chance: digits(one.chance) })),
    })),
  };
}

/** Another engine's logarithm may differ in the last bit: what is compared here are the summaries that were stored. */
function digits(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(12));
}

/** Everything that the home answers: as it is, and once its online store is lost. */
async function everythingOf(home: string, version: number): Promise<unknown> {
  const lost = `${home}-lost`;
  await cp(home, lost, { recursive: true });
  await rm(path.join(lost, "online"), { recursive: true });
  const of = async (store: Store): Promise<unknown> => ({
    answers: await answers(store),
    known: await known(store),
    later: await answers(store),
  });
  const store = await openAt(home, version);
  try {
    const [before, whole] = [await watched(store), await of(store)];
    const other = await openAt(lost, version);
    try {
      await other.materialize();
      return { watched: before, whole, lost: await of(other) };
    } finally {
      await other.close();
    }
  } finally {
    await store.close();
  }
}

/**
 * A small store of records with ids: withdrawn, corrected, awaited, overtaken, in Parquet and in the log; with requests
 * under keys, and with the notes of what it watched. It opens, and answers as it did, also to who sends records again.
 */
export const identityHomeFormat: GoldenFormat = {
  name: "identity-home",
  version: 1,
  write: async (folder) => {
    await writeHome(path.join(folder, "home"));
    const copy = await mkdtemp(path.join(tmpdir(), "asof-golden-copy-"));
    try {
      await cp(path.join(folder, "home"), path.join(copy, "home"), { recursive: true });
      return await everythingOf(path.join(copy, "home"), 1);
    } finally {
      await rm(copy, { recursive: true });
    }
  },
  read: (folder, version) => everythingOf(path.join(folder, "home"), version),
  again: { differs: "it holds random names and the processes of its runs" },
  newer: { unversioned: "each of its parts has a version of its own" },
};
