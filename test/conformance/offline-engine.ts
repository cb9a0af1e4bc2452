import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Batch } from "../../src/core/schema/column.ts";
import { t } from "../../src/core/schema/data-type.ts";
import type { Fields, Kind, Row, Value } from "../../src/core/schema/data-type.ts";
import type { OfflineEngine, OfflineSession } from "../../src/ports/offline-engine.ts";

/** An engine under test, and what its dialect of SQL calls the things that the suite needs. */
export interface OfflineEngineUnderTest {
  readonly open: (temporaryFolder: string, memoryLimit?: string) => Promise<OfflineEngine>;
  readonly parquet: (files: readonly string[]) => string;
  readonly csv: (file: string, columns: Readonly<Record<string, string>>) => string;
  /** A table expression of `i` from 0 to n − 1, in that order. */
  readonly series: (n: number) => string;
  /** A query that runs for minutes and spends them in the engine. */
  readonly endless: string;
  /** A query whose one value does not fit into memory and cannot be spilled. */
  readonly hungry: string;
}

const extremes: Readonly<Record<Kind, readonly Value[]>> = {
  string: [
    "",
    "a",
    "twelve bytes",
    "thirteen byte",
    "a longer string that no slot holds",
    "é",
    "ééééééé",
    "日本語日本語",
    "🦆 quacks at the moon",
    "nul\0inside",
    "nul\0inside of a longer string",
    "\ufeffbyte order mark",
    "'; DROP TABLE x; --",
    "x".repeat(70_000),
    "\u{10ffff}",
  ],
  boolean: [true, false],
  int32: [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)],
  int64: [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n],
  float64: [0, 1.5, -1.5, Number.MAX_VALUE, Number.MIN_VALUE, -Number.MAX_VALUE, Infinity, -Infinity, Number.NaN, 0.1],
  timestamp: [0, 1, -1, 993_340_800_000_000, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, -(2 ** 32), 2 ** 32 - 1],
};
const kinds = Object.keys(extremes) as Kind[];

/** Fields of every kind, nullable and not, and rows that take every extreme value. */
const everyKind: Fields = Object.fromEntries(
  kinds.flatMap((kind) => {
    const type = kind === "float64" ? t.float64({ nonFinite: true }) : t[kind]();
    return [
      [`${kind} "given"`, type],
      [`maybe_${kind}`, t.nullable(type)],
    ];
  }),
);

function rowsOf(fields: Fields, count: number, pick: (row: number, column: number) => number): Row[] {
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries(
      Object.entries(fields).map(([name, { kind, nullable }], column) => {
        const values: readonly Value[] = nullable ? [...extremes[kind], null] : extremes[kind];
        return [name, values[pick(row, column) % values.length]];
      }),
    ),
  );
}

function batchOf(fields: Fields, rows: readonly Row[]): Batch {
  const columns = Object.entries(fields).map(([name, type]) => {
    const values = rows.map((row) => row[name]);
    const nulls = values.some((value) => value === null);
    const filled =
      type.kind === "string"
        ? values.map((value) => (value ?? "junk under a null") as string)
        : type.kind === "int64"
          ? BigInt64Array.from(values, (value) => (value ?? 7n) as bigint)
          : Float64Array.from(values, (value) => (value === null ? Number.NaN : Number(value)));
    return [name, { type, values: filled, valid: nulls ? Uint8Array.from(values, (v) => (v === null ? 0 : 1)) : null }];
  });
  return { rows: rows.length, columns: Object.fromEntries(columns) };
}

function cut(rows: readonly Row[], size: number): Row[][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size));
}

async function* later(batches: Iterable<Batch>): AsyncGenerator<Batch> {
  for (const batch of batches) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    yield batch;
  }
}

/** One batch of a counting column, of `rows` rows from `first`. */
function counting(rows: number, first = 0): Batch {
  const values = Float64Array.from({ length: rows }, (_, i) => first + i);
  return { rows, columns: { i: { type: t.float64(), values, valid: null } } };
}
const counted: Fields = { i: t.float64() };

async function all(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const list: Batch[] = [];
  for await (const batch of batches) list.push(batch);
  return list;
}

async function collect(session: OfflineSession, sql: string, name: string): Promise<Float64Array> {
  const parts: number[] = [];
  for await (const batch of session.columns(sql, counted))
    for (let i = 0; i < batch.rows; i++) parts.push((batch.columns[name].values as Float64Array)[i]);
  return Float64Array.from(parts);
}

/** What every offline engine keeps: the contract of `src/ports/offline-engine.ts`. */
export function offlineEngineConformance(name: string, under: OfflineEngineUnderTest): void {
  describe(`${name}: offline engine`, () => {
    let folder: string;
    let engine: OfflineEngine;
    let tables = 0;
    const fresh = (): string => `t${tables++}`;
    const path = (file: string): string => join(folder, file);

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "asof offline's "));
      engine = await under.open(join(folder, "spill", "here"));
    });
    afterAll(async () => {
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    });
    const within = async <T>(
      work: (session: OfflineSession) => Promise<T>,
      options?: { signal: AbortSignal },
    ): Promise<T> => {
      const session = await engine.session(options);
      try {
        return await work(session);
      } finally {
        await session.close();
      }
    };

    describe("values", () => {
      const shapes = fc.record({
        rows: fc.constantFrom(0, 1, 63, 64, 65, 2047, 2048, 2049, 5000),
        batch: fc.constantFrom(1000, 2048, 100_000),
        stride: fc.integer({ min: 1, max: 1000 }),
        fields: fc.subarray(Object.keys(everyKind), { minLength: 1 }),
        async: fc.boolean(),
      });

      test("every kind, nulls and extremes come back from a table and from Parquet as they were, in order", async () => {
        await within(async (session) => {
          const round = async (shape: typeof shapes extends fc.Arbitrary<infer S> ? S : never): Promise<void> => {
            const fields = Object.fromEntries(shape.fields.map((name) => [name, everyKind[name]]));
            const rows = rowsOf(
              fields,
              shape.rows,
              (row, column) => Math.floor((row * shape.stride) / (column + 1)) + column,
            );
            const batches = (): Iterable<Batch> | AsyncIterable<Batch> => {
              const made = cut(rows, shape.batch).map((part) => batchOf(fields, part));
              return shape.async ? later(made) : made;
            };
            const table = fresh();
            expect(await session.table(table, fields, batches())).toBe(rows.length);
            expect(await session.rows(`SELECT * FROM ${table}`, fields)).toEqual(rows);
            await session.run(`DROP TABLE ${table}`);
            const file = path(`${table}.parquet`);
            const bytes = await session.writeParquet(file, fields, batches());
            expect(bytes).toBe((await readFile(file)).length);
            expect(await session.rows(`SELECT * FROM ${under.parquet([file])}`, fields)).toEqual(rows);
          };
          await fc.assert(fc.asyncProperty(shapes, round), { numRuns: 25 });
        });
      });

      test("strings of every length, met again and again, in any order", async () => {
        await within(async (session) => {
          const fields = { s: t.nullable(t.string()) };
          const alike = ["same-len", "the same beginning "];
          const distinct = Array.from({ length: 20_000 }, (_, i) =>
            i % 4 === 0
              ? `${alike[(i / 4) % 2]}${String(i / 4).padStart(4, "0")}`
              : `${i}${"é-x".charAt(i % 3).repeat(i % 90)}`,
          );
          const rows = Array.from({ length: 60_000 }, (_, i) => {
            const s =
              i % 97 === 0 ? null : distinct[(i * (i % 7 === 0 ? 1 : 7919)) % (i % 2 === 0 ? 50 : distinct.length)];
            return { s };
          });
          const table = fresh();
          await session.table(table, fields, [batchOf(fields, rows)]);
          const read = await session.rows(`SELECT s FROM ${table}`, fields);
          expect(read.findIndex(({ s }, i) => s !== rows[i].s)).toBe(-1);
          expect(read).toHaveLength(rows.length);
        });
      });

      test("one NaN and no −0", async () => {
        await within(async (session) => {
          const bits = new BigUint64Array([0x7ff8_0000_dead_beefn, 0xfff8_0000_0000_0001n, 1n << 63n]);
          const column = { type: t.float64({ nonFinite: true }), values: new Float64Array(bits.buffer), valid: null };
          const table = fresh();
          await session.table(table, { x: column.type }, [{ rows: 3, columns: { x: column } }]);
          const read = await all(session.columns(`SELECT * FROM ${table}`, { x: column.type }));
          const canonical = new BigUint64Array(Float64Array.of(Number.NaN, Number.NaN, 0).buffer);
          expect(new BigUint64Array((read[0].columns["x"].values as Float64Array).slice().buffer)).toEqual(canonical);
        });
      });

      test("a batch's arrays are the caller's to keep, and nulls are marked only where there are some", async () => {
        await within(async (session) => {
          const fields = { i: t.float64(), s: t.string(), n: t.nullable(t.int32()) };
          const sql = `SELECT i, 'a string of some length ' || i AS s, CASE WHEN i = 150000 THEN NULL ELSE 1 END AS n FROM ${under.series(200_000)}`;
          const batches = await all(session.columns(sql, fields));
          expect(batches.length).toBeGreaterThan(1);
          expect(batches.reduce((sum, batch) => sum + batch.rows, 0)).toBe(200_000);
          let at = 0;
          for (const { rows, columns } of batches) {
            const wrong = Array.from({ length: rows }, (_, i) => i).filter(
              (i) =>
                columns["i"].values[i] !== at + i || columns["s"].values[i] !== `a string of some length ${at + i}`,
            );
            expect(wrong).toEqual([]);
            const holds = at <= 150_000 && 150_000 < at + rows;
            expect(columns["n"].valid === null).toBe(!holds);
            if (holds) expect(columns["n"].valid![150_000 - at]).toBe(0);
            at += rows;
          }
        });
      });

      test("casts that would change a value are refused", async () => {
        await within(async (session) => {
          const refused = async (sql: string, kind: Kind, code: string): Promise<void> => {
            await expect(session.rows(`SELECT ${sql} AS x`, { x: t.nullable(t[kind]()) }), sql).rejects.toMatchObject({
              code,
            });
          };
          await refused("1.5", "int32", "ASOF_TYPE");
          await refused("CAST(1.5 AS DOUBLE)", "int64", "ASOF_TYPE");
          await refused("3000000000", "int32", "ASOF_OVERFLOW");
          await refused("'x'", "float64", "ASOF_TYPE");
          await refused("2", "boolean", "ASOF_TYPE");
          await refused("TIMESTAMP 'infinity'", "timestamp", "ASOF_OVERFLOW");
          await refused("TIMESTAMP '290000-01-01'", "timestamp", "ASOF_OVERFLOW");
          await refused("CAST('2001-01-01 00:00:00.000000001' AS TIMESTAMP_NS)", "timestamp", "ASOF_TYPE");
          const rows = await session.rows(
            "SELECT 2.0 AS a, DATE '2001-06-24' AS b, TIMESTAMPTZ '2001-06-24 02:00:00+02' AS c, 1 AS d",
            { a: t.int32(), b: t.timestamp(), c: t.timestamp(), d: t.boolean() },
          );
          expect(rows).toEqual([{ a: 2, b: 993_340_800_000_000, c: 993_340_800_000_000, d: true }]);
        });
      });

      test("a null in a field that may not be null names the field and the row", async () => {
        await within(async (session) => {
          const sql = `SELECT CASE WHEN i = 70000 THEN NULL ELSE i END AS i FROM ${under.series(100_000)}`;
          await expect(all(session.columns(sql, counted))).rejects.toMatchObject({
            code: "ASOF_TYPE",
            details: { field: "i", row: 70_000 },
          });
        });
      });
    });

    describe("order and memory", () => {
      const n = 300_000;
      const ascending = Float64Array.from({ length: n }, (_, i) => i);

      test("rows come in the order of the query, and of the batches they were written from", async () => {
        await within(async (session) => {
          const shuffled = `SELECT i FROM ${under.series(n)} ORDER BY (i * 7919) % ${n}`;
          const file = path("ordered.parquet");
          await session.writeParquet(file, counted, session2batches());
          expect(await collect(session, `SELECT i FROM ${under.parquet([file])}`, "i")).toEqual(ascending);
          const inverse = await collect(session, shuffled, "i");
          expect(inverse.map((i) => (i * 7919) % n)).toEqual(ascending);
          const table = fresh();
          await session.table(table, counted, session2batches());
          expect(await collect(session, `SELECT i FROM ${table} ORDER BY i DESC`, "i")).toEqual(ascending.toReversed());

          function* session2batches(): Generator<Batch> {
            for (let at = 0; at < n; at += 70_001) yield counting(Math.min(70_001, n - at), at);
          }
        });
      });

      test("a batch is lent until the next is asked for: its arrays may be used again", async () => {
        await within(async (session) => {
          const shared = counting(50_000);
          const values = shared.columns["i"].values as Float64Array;
          function* reusing(): Generator<Batch> {
            for (let at = 0; at < n; at += 50_000) {
              for (let i = 0; i < 50_000; i++) values[i] = at + i;
              yield shared;
            }
          }
          const [table, file] = [fresh(), path("reused.parquet")];
          await session.table(table, counted, reusing());
          await session.writeParquet(file, counted, reusing());
          expect(await collect(session, `SELECT i FROM ${table}`, "i")).toEqual(ascending);
          expect(await collect(session, `SELECT i FROM ${under.parquet([file])}`, "i")).toEqual(ascending);
        });
      });

      test("memory does not grow with a result, nor with a file that is written", async () => {
        await within(async (session) => {
          const mebibyte = 2 ** 20;
          const rows = 20_000_000;
          let [seen, peak] = [0, 0];
          const before = process.memoryUsage.rss();
          for await (const batch of session.columns(`SELECT i FROM ${under.series(rows)}`, counted)) {
            seen += batch.rows;
            peak = Math.max(peak, process.memoryUsage.rss() - before);
          }
          expect(seen).toBe(rows);
          expect(peak).toBeLessThan(160 * mebibyte);

          const other = process.memoryUsage.rss();
          peak = 0;
          const one = counting(65_536);
          async function* many(): AsyncGenerator<Batch> {
            for (let i = 0; i < 150; i++) {
              peak = Math.max(peak, process.memoryUsage.rss() - other);
              yield one;
            }
          }
          await session.writeParquet(path("large.parquet"), counted, many());
          expect(peak).toBeLessThan(160 * mebibyte);
        });
      });
    });

    describe("sessions", () => {
      test("temporary tables are a session's own", async () => {
        await within(async (one) => {
          await within(async (two) => {
            await one.table("own", counted, [counting(1)]);
            await two.table("own", counted, [counting(2)]);
            expect(await one.rows("SELECT * FROM own", counted)).toHaveLength(1);
            expect(await two.rows("SELECT * FROM own", counted)).toHaveLength(2);
          });
          await within(async (three) => {
            await expect(three.run("SELECT * FROM own")).rejects.toMatchObject({ code: "ASOF_SQL" });
          });
        });
      });

      test("several run side by side, and one may feed another", async () => {
        await within(async (reader) => {
          await within(async (writer) => {
            const file = path("piped.parquet");
            const sql = `SELECT i FROM ${under.series(200_000)}`;
            await writer.writeParquet(file, counted, reader.columns(sql, counted));
            await writer.table("piped", counted, reader.columns(sql, counted));
            expect(await collect(writer, `SELECT i FROM ${under.parquet([file])}`, "i")).toHaveLength(200_000);
          });
        });
        const counts = await Promise.all(
          [1, 2, 3, 4, 5, 6].map((k) =>
            within(async (session) => {
              const file = path(`beside-${k}.parquet`);
              await session.writeParquet(file, counted, later([counting(1000 * k), counting(1000 * k)]));
              return session.rows(`SELECT count(*) AS i FROM ${under.parquet([file])}`, counted);
            }),
          ),
        );
        expect(counts.flat()).toEqual([2000, 4000, 6000, 8000, 10_000, 12_000].map((i) => ({ i })));
      });

      test("calls run one after another; one in the middle of a stream is refused, not left to wait for itself", async () => {
        await within(async (session) => {
          const table = fresh();
          const [, changed, rows] = await Promise.all([
            session.run(`CREATE TEMPORARY TABLE ${table} (i DOUBLE)`),
            session.run(`INSERT INTO ${table} VALUES (1), (2)`),
            session.rows(`SELECT i FROM ${table}`, counted),
          ]);
          expect(changed).toBe(2);
          expect(rows).toHaveLength(2);
          for await (const _ of session.columns(`SELECT i FROM ${table}`, counted))
            await expect(session.run("SELECT 1")).rejects.toThrow("within columns()");
          expect(await session.run("SELECT 1")).toBe(0);
        });
      });

      test("what fails late in a result is an error, however much of it has come before", async () => {
        const counts: number[] = [];
        for (const rows of [10, 3_000, 100_000, 3_000_000]) {
          const last = rows - 1;
          const sql = `SELECT CASE WHEN i = ${last} THEN CAST('no number ' || i AS INTEGER) ELSE i END AS i FROM ${under.series(rows)}`;
          let seen = 0;
          const all = within(async (session) => {
            for await (const batch of session.columns(sql, counted)) seen += batch.rows;
          });
          await expect(all, `${rows} rows`).rejects.toMatchObject({ code: "ASOF_TYPE" });
          counts.push(seen);
        }
        expect(counts.at(-1), "as the last one streams").toBeGreaterThan(100_000);
      });

      test("a stream may be left early, and one never begun costs nothing", async () => {
        await within(async (session) => {
          const sql = `SELECT i FROM ${under.series(10_000_000)}`;
          session.columns(sql, counted);
          for await (const batch of session.columns(sql, counted)) {
            expect(batch.rows).toBeGreaterThan(0);
            break;
          }
          expect(await session.rows("SELECT 5 AS i", counted)).toEqual([{ i: 5 }]);
        });
      });

      test("closing ends what runs; a closed session and a closed engine refuse", async () => {
        const session = await engine.session();
        const running = session.run(under.endless);
        const expected = expect(running).rejects.toMatchObject({ code: "ASOF_CLOSED" });
        await new Promise((resolve) => setTimeout(resolve, 50));
        await session.close();
        await session.close();
        await expected;
        await expect(session.run("SELECT 1")).rejects.toMatchObject({ code: "ASOF_CLOSED" });
        await expect(session.table("x", counted, [])).rejects.toMatchObject({ code: "ASOF_CLOSED" });
        await expect(session.writeParquet(path("closed.parquet"), counted, [])).rejects.toMatchObject({
          code: "ASOF_CLOSED",
        });
        await expect(session.rows("SELECT 1 AS i", counted)).rejects.toMatchObject({ code: "ASOF_CLOSED" });

        const spill = path("other spill");
        const other = await under.open(spill, "60MB");
        const busy = await other.session();
        expect(
          await busy.rows(
            `SELECT max(i) AS i FROM (SELECT i FROM ${under.series(8_000_000)} ORDER BY hash(i))`,
            counted,
          ),
        ).toHaveLength(1);
        const open = busy.columns(`SELECT i FROM ${under.series(10_000_000)}`, counted)[Symbol.asyncIterator]();
        await open.next();
        await other.close();
        await expect(open.next()).rejects.toMatchObject({ code: "ASOF_CLOSED" });
        await expect(other.session()).rejects.toMatchObject({ code: "ASOF_CLOSED" });
        expect(await readdir(spill)).toEqual([]);
      });
    });

    test("closing the engine ends what takes batches, also from another session", async () => {
      const target = path("closed midway");
      await mkdir(target);
      const closing = await under.open(path("closing"));
      const [reader, writer, loader] = await Promise.all([closing.session(), closing.session(), closing.session()]);
      const begun = Promise.withResolvers<void>();
      async function* slow(): AsyncGenerator<Batch> {
        for (;;) {
          yield counting(1000);
          await new Promise((resolve) => setTimeout(resolve, 5));
          begun.resolve();
        }
      }
      const calls = [
        writer.writeParquet(join(target, "x.parquet"), counted, reader.columns(under.endless, { i: t.float64() })),
        loader.table("x", counted, slow()),
      ];
      const refused = calls.map((call) => expect(call).rejects.toMatchObject({ code: "ASOF_CLOSED" }));
      await begun.promise;
      await closing.close();
      await Promise.all(refused);
      expect(await readdir(target)).toEqual([]);
    });

    describe("interruption", () => {
      const interrupted = { code: "ASOF_INTERRUPTED" };

      test.each([0, 1, 5, 100])("stops a query %i ms after its call, and what is called later", async (delay) => {
        const abort = new AbortController();
        await within(async (session) => {
          const running = session.run(under.endless);
          const stopped = expect(running).rejects.toMatchObject(interrupted);
          if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
          const at = performance.now();
          abort.abort();
          await stopped;
          expect(performance.now() - at).toBeLessThan(2000);
          await expect(session.run("SELECT 1")).rejects.toMatchObject(interrupted);
          await expect(session.describe("SELECT 1")).rejects.toMatchObject(interrupted);
          await expect(all(session.columns("SELECT 1 AS i", counted))).rejects.toMatchObject(interrupted);
          await expect(session.table("late", counted, [counting(1)])).rejects.toMatchObject(interrupted);
          await expect(session.writeParquet(path("late.parquet"), counted, [counting(1)])).rejects.toMatchObject(
            interrupted,
          );
        }, abort);
        expect(await within((session) => session.rows("SELECT 1 AS i", counted))).toEqual([{ i: 1 }]);
      });

      test("stops a query whose call has only just reached the engine", async () => {
        for (let ticks = 1; ticks <= 12; ticks++) {
          const abort = new AbortController();
          await within(async (session) => {
            const stopped = expect(session.run(under.endless)).rejects.toMatchObject(interrupted);
            for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
            abort.abort();
            await stopped;
          }, abort);
        }
      });

      test("stops a stream between batches", async () => {
        const abort = new AbortController();
        await within(async (session) => {
          const batches = session.columns(`SELECT i FROM ${under.series(50_000_000)}`, counted);
          const read = async (): Promise<void> => {
            for await (const _ of batches) abort.abort();
          };
          await expect(read()).rejects.toMatchObject(interrupted);
        }, abort);
      });

      test("leaves no file behind that was being written, and no table", async () => {
        const abort = new AbortController();
        const target = path("half");
        await mkdir(target);
        await within(async (session) => {
          function* endless(): Generator<Batch> {
            for (let i = 0; ; i++) {
              if (i === 20) abort.abort();
              yield counting(50_000);
            }
          }
          await expect(session.writeParquet(join(target, "x.parquet"), counted, endless())).rejects.toMatchObject(
            interrupted,
          );
        }, abort);
        expect(await readdir(target)).toEqual([]);
      });
    });

    describe("errors", () => {
      test("SQL that is wrong says what is wrong", async () => {
        await within(async (session) => {
          await expect(session.run("SELEC 1")).rejects.toMatchObject({
            code: "ASOF_SQL",
            message: 'syntax error at or near "SELEC"',
            details: { sql: "SELEC 1" },
          });
          await expect(session.run("SELECT nothing FROM nowhere")).rejects.toMatchObject({ code: "ASOF_SQL" });
          await expect(session.describe("SELECT x FROM (SELECT 1 AS y)")).rejects.toMatchObject({ code: "ASOF_SQL" });
          await expect(session.describe("CREATE TABLE x (i INTEGER)")).rejects.toMatchObject({ code: "ASOF_SQL" });
          await expect(session.rows("SELECT 1 AS y", counted)).rejects.toMatchObject({
            code: "ASOF_SQL",
            details: { field: "i", columns: ["y"] },
          });
          await expect(session.rows("SELECT 1 AS i -- a comment", counted)).resolves.toEqual([{ i: 1 }]);
          await expect(session.rows("SELECT 1 AS i;", counted)).resolves.toEqual([{ i: 1 }]);
        });
      });

      test("Parquet that is missing, cut short or damaged names its file", async () => {
        await within(async (session) => {
          // As history is written: its compression is what notices bytes that are not its own.
          const whole = path("whole.parquet");
          await session.run(
            `COPY (SELECT sin(i) AS i FROM range(5000) r(i))
             TO '${whole.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`,
          );
          const bytes = await readFile(whole);
          const damaged = Buffer.from(bytes).fill(0x5a, 50, 3000);
          const footer = Buffer.from(bytes).fill(0xff, bytes.length - 60, bytes.length - 10);
          const files = { cut: bytes.subarray(0, -200), short: bytes.subarray(0, 3), empty: "", damaged, footer };
          for (const [file, content] of Object.entries(files)) await writeFile(path(`${file}.parquet`), content);
          for (const file of [...Object.keys(files), "missing"]) {
            const sql = `SELECT sum(i) AS i FROM ${under.parquet([path(`${file}.parquet`)])}`;
            const error = { code: "ASOF_FILE", details: { path: path(`${file}.parquet`) } };
            await expect(session.run(sql), file).rejects.toMatchObject(error);
            await expect(session.rows(sql, counted), file).rejects.toMatchObject(error);
          }
        });
      });

      test("broken CSV names its file and line", async () => {
        await within(async (session) => {
          const file = path("broken.csv");
          await writeFile(file, `i\n${"1\n".repeat(5000)}x\n`);
          await expect(session.run(`SELECT sum(i) FROM ${under.csv(file, { i: "INTEGER" })}`)).rejects.toMatchObject({
            code: "ASOF_FILE",
            details: { path: file, line: 5002 },
          });
        });
      });

      test("a file that cannot be written is refused whole", async () => {
        await within(async (session) => {
          const nowhere = path("no such folder/x.parquet");
          const failed = { code: "ASOF_HOME", details: { path: nowhere } };
          await expect(session.writeParquet(nowhere, counted, [counting(10)])).rejects.toMatchObject(failed);
          await expect(session.run(`COPY (SELECT 1 AS i) TO '${nowhere.replaceAll("'", "''")}'`)).rejects.toMatchObject(
            failed,
          );
        });
      });

      test("a file that cannot be put in its place leaves nothing behind", async () => {
        const target = path("occupied");
        await mkdir(join(target, "x.parquet"), { recursive: true });
        await within(async (session) => {
          const writing = session.writeParquet(join(target, "x.parquet"), counted, [counting(10)]);
          await expect(writing).rejects.toMatchObject({ code: "ASOF_HOME" });
        });
        expect(await readdir(target)).toEqual(["x.parquet"]);
      });

      test("what a producer throws passes unchanged, and leaves nothing", async () => {
        const fault = new Error("the producer's own");
        function* failing(): Generator<Batch> {
          yield counting(100_000);
          throw fault;
        }
        const target = path("failed");
        await mkdir(target);
        await within(async (session) => {
          await expect(session.writeParquet(join(target, "x.parquet"), counted, failing())).rejects.toBe(fault);
          await expect(session.table("failed", counted, failing())).rejects.toBe(fault);
          await expect(session.run("SELECT * FROM failed")).rejects.toMatchObject({ code: "ASOF_SQL" });
          expect(await session.table("failed", counted, [counting(3)])).toBe(3);
        });
        expect(await readdir(target)).toEqual([]);
      });

      test("too little memory is ASOF_MEMORY, and the engine goes on", async () => {
        const small = await under.open(path("small spill"), "60MB");
        const session = await small.session();
        await expect(session.run(under.hungry)).rejects.toMatchObject({ code: "ASOF_MEMORY" });
        expect(await session.rows("SELECT 1 AS i", counted)).toEqual([{ i: 1 }]);
        await small.close();
      });
    });

    describe("describe", () => {
      test("names columns, the engine's types and ours", async () => {
        await within(async (session) => {
          const described = await session.describe(
            "SELECT 'a' AS s, true AS b, 1 AS i, CAST(1 AS BIGINT) AS l, CAST(1 AS DOUBLE) AS d, TIMESTAMP '2001-01-01' AS t, [1] AS other",
          );
          expect(described.map(({ name, kind }) => [name, kind])).toEqual([
            ["s", "string"],
            ["b", "boolean"],
            ["i", "int32"],
            ["l", "int64"],
            ["d", "float64"],
            ["t", "timestamp"],
            ["other", null],
          ]);
          expect(described[5].engineType).toBe("TIMESTAMP");
        });
      });
    });
  });
}
