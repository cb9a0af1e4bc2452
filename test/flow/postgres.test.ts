import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TableOptions } from "../../src/core/result/store.ts";
import { AsofError, eventSource, t } from "../../src/index.ts";
import { open, type OpenOptions } from "../../src/open.ts";
import { queryRows } from "../../bench/query-rows.ts";
import type { Store } from "../../src/store.ts";
import { asof } from "../cli/captured-io.ts";
import { killedLoad, loadAgain } from "./loaded-rows.ts";
import { PASSWORD, type PostgresServer, startPostgres, USER } from "../servers/postgres-server.ts";

const started = await startPostgres();
if ("missing" in started) process.stderr.write(`skipped: PostgreSQL: ${started.missing}\n`);
const server = started as PostgresServer;

const orders = eventSource("orders", {
  fields: {
    id: t.int64(),
    at: t.timestamp(),
    placed: t.nullable(t.timestamp()),
    name: t.nullable(t.string()),
    paid: t.nullable(t.boolean()),
    count: t.nullable(t.int32()),
    big: t.nullable(t.int64()),
    price: t.nullable(t.float64()),
    rate: t.nullable(t.float64({ nonFinite: true })),
    missing: t.nullable(t.int32()),
  },
  columns: { price: "Unit Price" },
  eventTime: "at",
  availableAt: "at",
});
const TABLE = `create table shop."Orders" (
  id bigint generated always as identity primary key, at timestamptz not null default '2020-01-01Z', placed timestamp,
  name text, paid boolean, count smallint, big bigint, "Unit Price" numeric, rate real)`;
const options: TableOptions = { url: server.url, table: 'shop."Orders"', position: "id" };

describe.skipIf("missing" in started)("a table of PostgreSQL", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "asof-postgres-"));
  let sql: postgres.Sql;
  let store: Store;
  let made = 0;
  let home = "";

  const openStore = (more: OpenOptions = {}): Promise<Store> => open({ home, definitions: { orders } }, more);
  beforeAll(async () => {
    sql = postgres(server.url, { max: 3, onnotice: () => {} });
    await sql`create schema shop`;
  });
  beforeEach(async () => {
    await sql.unsafe(`drop table if exists shop."Orders"; ${TABLE}`);
    await store?.close();
    home = path.join(folder, `home-${made++}`);
    store = await openStore();
    await store.apply();
  });
  afterAll(async () => {
    await store?.close();
    await sql?.end({ timeout: 1 });
    await server.stop?.();
    rmSync(folder, { recursive: true, force: true });
  });

  const kept = (): Promise<Record<string, unknown>[]> =>
    queryRows(`SELECT * REPLACE (epoch_us("at") AS "at", epoch_us(placed) AS placed)
               FROM read_parquet('${home}/offline/orders/*/*.parquet', hive_partitioning = false) ORDER BY id`);
  const insert = (count: number): Promise<unknown> =>
    sql.unsafe(`insert into shop."Orders" (name) select 'n' || i from generate_series(1, ${count}) i`);
  const refusal = async (work: Promise<unknown>): Promise<AsofError> => {
    const error: unknown = await work.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(AsofError);
    return error as AsofError;
  };

  test("comes with every value whole", async () => {
    await sql.unsafe(`insert into shop."Orders" (at, placed, name, paid, count, big, "Unit Price", rate) values
      ('2020-02-29 12:34:56.123456+02', '1969-12-31 23:59:59.999999', 'a "b", ''c'' \\N' || chr(10) || '€ 😀', true, -32768, 9007199254740993, 12.34, 0.1),
      ('2020-01-01Z', null, '', false, null, -9223372036854775808, null, 'NaN'),
      ('2020-01-01Z', null, null, null, null, null, 0.1, '-Infinity')`);
    const outcome = await store.loadTable("orders", options);
    expect(outcome).toMatchObject({ source: "orders", rows: 3, rejected: 0 });
    expect(await kept()).toMatchObject([
      {
        id: 1n,
        at: BigInt(Date.UTC(2020, 1, 29, 10, 34, 56)) * 1000n + 123_456n,
        placed: -1n,
        name: `a "b", 'c' \\N\n€ 😀`,
        paid: true,
        count: -32768,
        big: 9_007_199_254_740_993n,
        price: 12.34,
        rate: Math.fround(0.1),
        missing: null,
      },
      { id: 2n, placed: null, name: "", paid: false, big: -(2n ** 63n), price: null, rate: Number.NaN },
      { id: 3n, name: null, paid: null, count: null, price: 0.1, rate: -Infinity },
    ]);
  });

  test("is read on from where it was, also by another process", async () => {
    await insert(1000);
    expect((await store.loadTable("orders", options)).rows).toBe(1000);
    expect((await store.loadTable("orders", options)).rows).toBe(0);
    await insert(10);
    await store.close();
    store = await openStore();
    expect((await store.loadTable("orders", options)).rows).toBe(10);
    const [one, two] = await Promise.all([store.loadTable("orders", options), store.loadTable("orders", options)]);
    expect(one.rows + two.rows).toBe(0);
    expect(await kept()).toHaveLength(1010);
  });

  test("with a margin leaves the newest for the next time", async () => {
    await insert(100);
    expect((await store.loadTable("orders", { ...options, margin: "10" })).rows).toBe(90);
    expect((await store.loadTable("orders", { ...options, margin: "10" })).rows).toBe(0);
    expect((await store.loadTable("orders", options)).rows).toBe(10);
    const fault = await refusal(store.loadTable("orders", { ...options, margin: "5m" }));
    expect(fault.code).toBe("ASOF_TABLE");
  });

  test("of which a row does not fit is refused, and read anew when it was mended", async () => {
    await insert(5);
    await sql.unsafe(`update shop."Orders" set "Unit Price" = 12345678901234567890.5 where id = 3`);
    const error = await refusal(store.loadTable("orders", options));
    expect(error).toMatchObject({ code: "ASOF_TYPE", details: { field: "price", row: 3 } });
    expect(error.message).toContain("table postgres.shop.Orders");
    expect(error.message).not.toContain("rows.csv");
    await sql.unsafe(`update shop."Orders" set "Unit Price" = 1, at = 'infinity' where id = 3`);
    expect((await refusal(store.loadTable("orders", options))).code).toMatch(/ASOF_(TIMESTAMP|OVERFLOW)/);
    await sql.unsafe(`update shop."Orders" set at = '2020-01-01Z' where id = 3`);
    expect((await store.loadTable("orders", options)).rows).toBe(5);
  });

  test.each([
    ["no table of this name", { table: "shop.nothing" }],
    ["no column of this name", { position: "nothing" }],
    ["a position that may be null", { position: "big" }],
    ["a position that is text", { position: "name" }],
  ])("%s is told", async (_, more) => {
    await insert(1);
    expect((await refusal(store.loadTable("orders", { ...options, ...more }))).code).toBe("ASOF_TABLE");
  });

  test("is read by one column only", async () => {
    await insert(1);
    await store.loadTable("orders", options);
    expect((await refusal(store.loadTable("orders", { ...options, position: "at" }))).code).toBe("ASOF_TABLE");
  });

  test("of a database that is not there, or lets nobody in, tells no password", async () => {
    await insert(1);
    const addresses = [
      server.url.replace(String(server.port), "1"),
      server.url.replace("shop:", "nobody:"),
      server.url.replace(encodeURIComponent(PASSWORD), "wrong-secret"),
      "postgres://shop:wrong-secret@[::1",
      server.url.replace("/postgres", "/nowhere"),
    ];
    for (const url of addresses) {
      const error = await refusal(store.loadTable("orders", { ...options, url }));
      const told = `${error.code} ${error.message} ${JSON.stringify(error.details)}`;
      expect(told, told).toMatch(/ASOF_DATABASE|ASOF_TABLE/);
      for (const secret of ["wrong-secret", PASSWORD, encodeURIComponent(PASSWORD)]) expect(told).not.toContain(secret);
    }
    await store.loadTable("orders", options);
    await store.close();
    for (const file of readdirSync(home, { recursive: true, encoding: "utf8" }).map((name) => path.join(home, name)))
      if (statSync(file).isFile())
        for (const secret of ["wrong-secret", PASSWORD, encodeURIComponent(PASSWORD)])
          expect(readFileSync(file).includes(secret), file).toBe(false);
    store = await openStore();
  });

  test("can be given up in the middle, and nothing of it is left", async () => {
    await insert(100_000);
    const stop = new AbortController();
    const error = await refusal(
      store.loadTable("orders", { ...options, signal: stop.signal, onProgress: () => stop.abort() }),
    );
    expect(error.code).toBe("ASOF_INTERRUPTED");
    // The server is rid of it as well, while this process goes on.
    const others = async (): Promise<number> =>
      (await sql`select 1 from pg_stat_activity where application_name = 'asof'`).length;
    for (let i = 0; (await others()) > 0; i++) {
      expect(i, "the server still has the connection").toBeLessThan(100);
      await sleep(50);
    }
    expect(readdirSync(path.join(home, "staging"))).toEqual([]);
    expect((await store.loadTable("orders", options)).rows).toBe(100_000);
  });

  test("whose server lets go in the middle is told, and read when it is back", { timeout: 60_000 }, async () => {
    await insert(100_000);
    let ended: Promise<unknown> = Promise.resolve();
    let told = false;
    const onProgress = (): void => {
      if (told) return;
      told = true;
      ended = sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'asof'`.execute();
    };
    // What was sent before that may be all there was.
    const loaded = await store.loadTable("orders", { ...options, onProgress }).then(
      ({ rows }) => rows,
      (error: unknown) => (expect(error).toMatchObject({ code: "ASOF_DATABASE" }), 0),
    );
    await ended;
    expect((await store.loadTable("orders", options)).rows).toBe(100_000 - loaded);
  });

  test("killed while it is read and run again, brings each row once", { timeout: 180_000 }, async () => {
    await sql.unsafe(`drop table if exists rows; create table rows (n bigint primary key, at timestamptz not null)`);
    const table = { url: server.url, table: "rows", position: "n" };
    const add = (from: number): Promise<unknown> =>
      sql.unsafe(`insert into rows select i, '2020-01-01Z'::timestamptz + i * interval '1 s'
                  from generate_series(${from}, ${from + 19_999}) i`);
    const at = path.join(folder, "killed");
    let total = 0;
    for (const moment of [150, "committed"] as const) {
      await add(total);
      total += 20_000;
      await killedLoad(at, { table }, moment);
      await add(total);
      total += 20_000;
      const whole = { all: BigInt(total), different: BigInt(total), orphans: 0 };
      expect(await loadAgain(at, { table }), `killed at ${moment}`).toEqual(whole);
    }
  });

  test("by a time leaves what is younger than the margin for the next time", async () => {
    await sql.unsafe(`insert into shop."Orders" (at) values (now() - interval '2 h'), (now() - interval '10 s')`);
    const byTime = { ...options, position: "at" };
    expect((await store.loadTable("orders", { ...byTime, margin: "1h" })).rows).toBe(1);
    expect((await store.loadTable("orders", { ...byTime, margin: "1h" })).rows).toBe(0);
    expect((await store.loadTable("orders", byTime)).rows).toBe(1);
  });

  test("comes by the command as well, which keeps the password to itself", async () => {
    const cwd = realpathSync(mkdtempSync(path.join(folder, "cli-")));
    const root = fileURLToPath(new URL("../../", import.meta.url));
    mkdirSync(path.join(cwd, "node_modules"));
    symlinkSync(root, path.join(cwd, "node_modules", "asof"), "dir");
    writeFileSync(path.join(cwd, "package.json"), '{"type": "module"}');
    writeFileSync(
      path.join(cwd, "asof.config.ts"),
      `import { configure, eventSource, t } from ${JSON.stringify(path.join(root, "src/index.ts"))};
       const orders = eventSource("orders", { fields: { id: t.int64(), at: t.timestamp() }, eventTime: "at", availableAt: "at" });
       export default configure({ definitions: { orders }, audit: false });`,
    );
    await insert(3);
    const said: string[] = [];
    const run = async (...args: string[]): Promise<Record<string, unknown>> => {
      const { out, err } = await asof([...args, "--json"], { cwd });
      said.push(out, err);
      return JSON.parse(out) as Record<string, unknown>;
    };
    await run("apply", "--yes");
    const load = (...address: string[]): Promise<Record<string, unknown>> =>
      run("ingest", "orders", "--table", options.table, "--position", "id", "--postgres", ...address);
    expect(await load(server.url)).toMatchObject({ rows: 3 });
    const wrong = server.url.replace(encodeURIComponent(PASSWORD), "wrong-secret");
    expect(await load(wrong)).toMatchObject({ error: { code: "ASOF_DATABASE" } });
    await insert(2);
    const place = { PGHOST: "127.0.0.1", PGPORT: String(server.port), PGUSER: USER, PGPASSWORD: PASSWORD };
    Object.assign(process.env, place, { PGDATABASE: "postgres" });
    try {
      expect(await load()).toMatchObject({ rows: 2 });
    } finally {
      for (const name of [...Object.keys(place), "PGDATABASE"]) delete process.env[name];
    }
    for (const secret of ["wrong-secret", PASSWORD, encodeURIComponent(PASSWORD)])
      expect(said.join("\n")).not.toContain(secret);
  });
});
