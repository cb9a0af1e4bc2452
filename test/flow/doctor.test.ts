import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLmdb } from "../../src/adapters/lmdb/open-lmdb.ts";
import { META_KEY } from "../../src/core/codec/online-keys.ts";
import { encodeMeta } from "../../src/core/codec/online-meta.ts";
import type { Finding } from "../../src/core/result/doctor.ts";
import { doctor, open } from "../../src/index.ts";
import { asof } from "../cli/captured-io.ts";
import { history, now } from "./open-test-store.ts";
import { filesIn } from "./offline-records.ts";
import * as shop from "./shop.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-doctor-test-"));
const sound = path.join(folder, "sound");
const clock = { simulated: now + 60_000_000 } as const;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A closed store in which something is everywhere. */
beforeAll(async () => {
  const file = path.join(folder, "payments.ndjson");
  writeFileSync(file, history());
  const store = await open({ definitions: { ...shop }, home: sound, clock });
  await store.apply();
  await store.load("payments", [file]);
  await store.train("fraud");
  await store.materialize();
  const rows = history().trim().split("\n").slice(0, 200);
  await store.ingest(
    "payments",
    rows.map((row, i) => ({ ...(JSON.parse(row) as object), at: now - i * 60_000_000 })),
  );
  await store.close();
});

const copy = (): string => {
  const home = mkdtempSync(path.join(folder, "home-"));
  cpSync(sound, home, { recursive: true });
  return home;
};
const examine = (home: string, fix = false): ReturnType<typeof doctor> =>
  doctor({ definitions: { ...shop }, home, clock }, { fix });
const told = (findings: readonly Finding[]): unknown[] =>
  findings.map(({ part, code, what }) => ({ part, code, what }));

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at < 0 ? bytes.length + at : at] ^= 0x10;
  writeFileSync(file, bytes);
}
const parquet = (home: string): string => path.join(home, "offline", filesIn(path.join(home, "offline"))[0]);
const segment = (home: string): string =>
  path.join(
    home,
    "log",
    readdirSync(path.join(home, "log"))
      .filter((name) => name.endsWith(".log"))
      .sort()
      .at(-1)!,
  );
const model = (home: string): string => path.join(home, "models", readdirSync(path.join(home, "models"))[0]);

describe("asof doctor", () => {
  test("finds nothing in a sound store, closed or open", async () => {
    const closed = await examine(sound);
    expect(closed.findings).toEqual([]);
    expect(closed.offline.rows).toBe(600);
    expect(closed.models.versions).toBe(1);
    expect(closed.online.entries).toBeGreaterThan(20);
    const store = await open({ definitions: { ...shop }, home: sound, clock });
    try {
      const opened = await examine(sound);
      expect(opened.findings).toEqual([]);
      expect(opened.writer).toBe(process.pid);
      await expect(examine(sound, true)).rejects.toMatchObject({ code: "ASOF_HOME_LOCKED" });
    } finally {
      await store.close();
    }
    await expect(examine(path.join(folder, "nowhere"))).rejects.toMatchObject({ code: "ASOF_HOME" });
  });

  const damages: [string, (home: string) => unknown, { part: string; code?: string; what: RegExp }][] = [
    ["a missing Parquet file", (home) => rmSync(parquet(home)), { part: "offline", what: /it is missing/ }],
    [
      "a cut Parquet file",
      (home) => truncateSync(parquet(home), 100),
      { part: "offline", what: /100 bytes instead of/ },
    ],
    [
      "a flipped byte of Parquet",
      (home) => flip(parquet(home), 60),
      { part: "offline", what: /checksum does not match/ },
    ],
    ["a flipped byte of a model", (home) => flip(model(home), 60), { part: "models", what: /SHA-256 does not match/ }],
    ["a missing model", (home) => rmSync(model(home)), { part: "models", what: /its file is missing/ }],
    ["a flipped byte of the log", (home) => flip(segment(home), 120), { part: "log", what: /damaged at byte/ }],
    ["a flipped byte of a log's header", (home) => flip(segment(home), 20), { part: "log", what: /header's checksum/ }],
    [
      "a schedule that is cut",
      (home) => writeFileSync(path.join(home, "schedule.json"), '{"format":1,"jobs":{"a":{"turn":1}}}'),
      { part: "schedule", what: /jobs.a.runningSince is not what it should be/ },
    ],
    ["a missing segment", (home) => rmSync(segment(home)), { part: "log", what: /the log has no segment/ }],
    [
      "a foreign registry",
      (home) => writeFileSync(path.join(home, "registry.sqlite"), "x".repeat(9000)),
      { part: "registry", what: /not a database/ },
    ],
    [
      "a row of the registry that refers to nothing",
      (home) => {
        const database = new DatabaseSync(path.join(home, "registry.sqlite"), { enableForeignKeyConstraints: false });
        database.exec("delete from model_version");
        database.close();
      },
      { part: "registry", what: /promotion refers to what is not in model_version/ },
    ],
    [
      "an online store ahead of the log",
      async (home) => {
        const store = await openLmdb(path.join(home, "online"));
        await store.commit([[META_KEY, encodeMeta({ position: 9_999_999, watermark: now, views: 1 })]]);
        await store.close();
      },
      { part: "online", what: /up to 9999999, but the log ends at/ },
    ],
    [
      "a foreign online store",
      (home) => writeFileSync(path.join(home, "online", "data.mdb"), "x".repeat(20_000)),
      { part: "online", what: /not an LMDB file/ },
    ],
  ];
  test.each(damages)("names %s", async (_, damage, expected) => {
    const home = copy();
    await damage(home);
    const { findings } = await examine(home);
    expect(told(findings)).toContainEqual({
      part: expected.part,
      code: "ASOF_CORRUPT",
      what: expect.stringMatching(expected.what) as string,
    });
    for (const { remedy } of findings) expect(remedy).toMatch(/asof \w+/);
  });

  test("mends a torn end, orphans and what a crash has left", async () => {
    const home = copy();
    appendFileSync(segment(home), Buffer.alloc(50, 7));
    writeFileSync(`${parquet(home)}-not.parquet`, "left");
    writeFileSync(path.join(home, "models", "0".repeat(64)), "left");
    for (const name of ["staging", "temporary", "pinned"])
      cpSync(path.join(home, "models"), path.join(home, name, "x"), { recursive: true });
    const found = await examine(home);
    expect(found.findings).toHaveLength(6);
    expect(found.findings.every(({ fixable, fixed }) => fixable && !fixed)).toBe(true);
    const mended = await examine(home, true);
    expect(mended.findings.every(({ fixed }) => fixed)).toBe(true);
    expect((await examine(home)).findings).toEqual([]);
    const store = await open({ definitions: { ...shop }, home, clock });
    await store.close();
  });

  test("takes a damaged view out of the online store, from where it is materialized again", async () => {
    const home = copy();
    const lmdb = await openLmdb(path.join(home, "online"));
    const states: Uint8Array[] = [];
    for await (const [key] of lmdb.scan(Uint8Array.of(1))) states.push(key);
    await lmdb.commit([[states[0], Uint8Array.of(1, 2, 3)]]);
    await lmdb.close();
    const { findings } = await examine(home);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ part: "online", fixable: true });
    const view = /asof materialize (\w+)/.exec(findings[0].remedy)![1];
    await examine(home, true);
    expect((await examine(home)).findings).toEqual([]);
    const store = await open({ definitions: { ...shop }, home, clock });
    await store.materialize([view]);
    await store.close();
    expect((await examine(home)).findings).toEqual([]);
  });

  test("the command compares values too, and its exit code is 1 where something is wrong", async () => {
    const home = copy();
    writeFileSync(
      path.join(folder, "asof.config.ts"),
      `import { configure } from "asof";
       import * as definitions from ${JSON.stringify(path.resolve("test/flow/shop.ts"))};
       export default configure({ definitions, clock: { simulated: ${clock.simulated} } });\n`,
    );
    const healthy = await asof(["doctor", "--home", home, "--json"], { cwd: folder });
    expect(healthy.code, healthy.out).toBe(0);
    expect((JSON.parse(healthy.out) as { compared: number }).compared).toBeGreaterThan(100);
    writeFileSync(`${parquet(home)}-not.parquet`, "left");
    const wrong = await asof(["doctor", "--home", home], { cwd: folder });
    expect(wrong.code).toBe(1);
    expect(wrong.out).toContain("asof doctor --fix");
    const mended = await asof(["doctor", "--home", home, "--fix"], { cwd: folder });
    expect(mended.code).toBe(0);
    expect(mended.out).toContain("MENDED");
  });
});
