import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { FeatureAnswer, Store } from "asof";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import { readFileLog } from "../../src/adapters/file-log/read-file-log.ts";
import { openFolder } from "../../src/adapters/folder/folder-store.ts";
import { openSqliteRegistry } from "../../src/adapters/sqlite/open-sqlite-registry.ts";
import { columnTypes, featureOfColumn } from "../../src/core/codec/collection-text.ts";
import { StreamSchemas } from "../../src/core/codec/stream-schemas.ts";
import { columnsOfRows, rowAt } from "../../src/core/schema/column.ts";
import type { Row } from "../../src/core/schema/data-type.ts";
import { HOUR, MINUTE } from "../../src/core/time/timestamp.ts";
import { OfflineStore } from "../../src/stages/offline/offline-store.ts";
import { pointInTime } from "../../src/stages/offline/point-in-time.ts";
import { columnSql, featureIn } from "../../src/surfaces/verify/collection-column.ts";
import { begin, expected, from, historyOf, type LateStore, openLateStore, plan, users } from "./late-events.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-hindsight-"));
let late: LateStore;
let store: Store;

beforeAll(async () => {
  late = await openLateStore(folder);
  store = late.store;
}, 60_000);

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const moments = Array.from({ length: 40 }, (_, i) => begin + i * HOUR + [0, 1, -1, 7 * MINUTE][i % 4]).filter(
  (at) => at < from + 8 * HOUR,
);

describe('knowledge "now"', () => {
  test("gives the truth in hindsight, as the oracle has it", async () => {
    const history = await historyOf(late);
    let different = 0;
    for (const at of moments) {
      const requests = users.map((user) => ({ user }));
      const answers = await store.features("both", requests, { at, knowledge: "now" });
      const served = await store.features("both", requests, { at });
      answers.forEach((answer, i) => {
        expect(answer).toMatchObject({ t: at, knowledge: "now" });
        expect(answer.knownAt).toBeGreaterThanOrEqual(late.clock.now());
        expect(answer.values).toStrictEqual(expected(history, users[i], at, answer.knownAt!));
        expect(served[i].knowledge).toBe("served");
        expect(served[i].knownAt).toBeUndefined();
        if (served[i].values["six_hours__n"] !== answer.values["six_hours__n"]) different++;
        if (served[i].values["everything__count_1h"] !== answer.values["everything__count_1h"]) different++;
      });
    }
    expect(different).toBeGreaterThan(20);
  });

  test("is at the watermark what is served", async () => {
    const requests = users.map((user) => ({ user }));
    const live = await store.features("both", requests);
    const hindsight = await store.features("both", requests, { knowledge: "now" });
    const plain = ({ values, statuses, eventTimes }: FeatureAnswer): unknown => ({ values, statuses, eventTimes });
    expect(live.every(({ knowledge }) => knowledge === "served")).toBe(true);
    expect(hindsight.every(({ t, knownAt }) => t === knownAt)).toBe(true);
    expect(hindsight.map(plain)).toEqual(live.map(plain));
  });

  test("is refused where it is none", async () => {
    await expect(store.features("both", [{ user: "ann" }], { knowledge: "later" as never })).rejects.toMatchObject({
      code: "ASOF_USAGE",
    });
  });

  test("makes training sets that say so, and warn", async () => {
    const spine = path.join(folder, "spine.ndjson");
    const rows = moments.flatMap((at) => users.map((user) => ({ user, t: at })));
    writeFileSync(spine, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const out = path.join(folder, "hindsight.parquet");
    const outcome = await store.dataset("both", { spine, out, knowledge: "now" });
    expect(outcome).toMatchObject({ knowledge: "now", rows: rows.length });
    expect(outcome.warnings).toEqual([expect.stringContaining("leaks the future")]);
    const [run] = await store.runs({ kind: "dataset", limit: 1 });
    expect(run.details).toMatchObject({ knowledge: "now", knownAt: outcome.knownAt });
    const history = await historyOf(late);
    const engine = await openDuckDb({ memoryLimit: "500MB", temporaryFolder: path.join(folder, "temporary") });
    try {
      const session = await engine.session();
      const select = Object.entries(plan.features).map(([name, type]) => columnSql(name, type));
      const read = await session.rows(
        `SELECT ${select.join(", ")} FROM read_parquet('${out}')`,
        columnTypes(plan.features),
      );
      rows.forEach(({ user, t: at }, i) => {
        const values = Object.fromEntries(
          Object.entries(plan.features).map(([name, type]) => [name, featureIn(type, read[i][name])]),
        );
        expect(values).toStrictEqual(expected(history, user, at, outcome.knownAt!));
      });
    } finally {
      await engine.close();
    }
    const served = await store.dataset("both", { spine, out });
    expect(served).toMatchObject({ knowledge: "served", warnings: [] });
    expect(served.knownAt).toBeUndefined();
  });

  test("gives the same where history does not fit into memory, at a moment known less of as well", async () => {
    const history = await historyOf(late);
    const log = await readFileLog(path.join(late.home, "log"));
    const registry = await openSqliteRegistry(path.join(late.home, "registry.sqlite"));
    const engine = await openDuckDb({ memoryLimit: "500MB", temporaryFolder: path.join(folder, "temporary") });
    try {
      const schemas = new StreamSchemas();
      schemas.restore(await registry.note("schemas"));
      const offline = new OfflineStore({ registry, files: await openFolder(late.home), log, schemas });
      const session = await engine.session();
      const int64 = { kind: "int64", nullable: false } as const;
      // Each range of rows reads history anew: a third of the moments has enough of them.
      const some = moments.filter((_, i) => i % 3 === 0);
      const rows = some.flatMap((at) => users.map((user): Row => ({ user, __t: BigInt(at) })));
      const spine = columnsOfRows(
        { __row: int64, __t: int64, user: { kind: "string", nullable: true } },
        rows.map((row, i) => ({ ...row, __row: BigInt(i) })),
      );
      await session.table("spine", { __row: int64, __t: int64, user: { kind: "string", nullable: true } }, [spine]);
      for (const hindsight of [late.clock.now() + 1, from + 4 * HOUR, from + HOUR]) {
        let [at, batches] = [0, 0];
        const request = { plan, spine: "spine", rows: rows.length, carry: {}, parts: () => ({ cut: log.end }) };
        const limits = { threadFrom: Infinity, outputBytes: 20_000, records: 100 };
        for await (const batch of pointInTime(session, offline, { ...request, evidence: false, hindsight }, limits)) {
          batches++;
          for (let i = 0; i < batch.rows; i++, at++) {
            const row = rowAt(batch, i);
            const values = Object.fromEntries(
              Object.entries(plan.features).map(([name, type]) => [name, featureOfColumn(type, row[name])]),
            );
            expect(values).toStrictEqual(
              expected(history, rows[at]["user"] as string, Number(rows[at]["__t"]), hindsight),
            );
          }
        }
        expect(at).toBe(rows.length);
        expect(batches).toBeGreaterThan(3);
      }
    } finally {
      await Promise.all([engine.close(), registry.close()]);
    }
  });
});

describe("a training set", () => {
  test("asks about nothing ahead of the watermark, in either knowledge", async () => {
    const spine = path.join(folder, "future.csv");
    const ahead = "2026-12-01T00:00:00Z";
    writeFileSync(spine, `user,moment\nann,2026-03-01T12:00:00Z\nbob,${ahead}\nann,2027-01-01T00:00:00Z\n`);
    for (const knowledge of ["served", "now"] as const)
      await expect(
        store.dataset("both", { spine, out: path.join(folder, "future.parquet"), time: "moment", knowledge }),
      ).rejects.toMatchObject({
        code: "ASOF_FUTURE_READ",
        details: { row: 2, column: "moment", at: ahead, rows: 2 },
      });
  });
});
