import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDuckDb } from "../../adapters/duckdb/open-duckdb.ts";
import { openFileLog } from "../../adapters/file-log/open-file-log.ts";
import { openFolder } from "../../adapters/folder/folder-store.ts";
import { sideThreads } from "../../adapters/threads/side-thread.ts";
import { ByteWriter } from "../../core/codec/bytes.ts";
import { encodeRecords, ENTRY } from "../../core/codec/record-batch.ts";
import { rowCodec } from "../../core/codec/row-codec.ts";
import { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { t } from "../../core/schema/data-type.ts";
import { DAY } from "../../core/time/timestamp.ts";
import type { EventLog } from "../../ports/event-log.ts";
import type { StartSideThread } from "../../ports/side-thread.ts";
import { archiveLog } from "./archive-log.ts";
import type { ToArchiveThread } from "./archive-messages.ts";
import { ThreadArchiving } from "./thread-archiving.ts";

const fields = { user: t.string(), amount: t.float64(), big: t.nullable(t.int64()) };
const stream = { name: "payments", schema: "0123456789abcdef", fields };
const codec = rowCodec(fields);
const schemas = new StreamSchemas();
schemas.add(stream);

const start = sideThreads("archive", new URL("../../archive-worker.ts", import.meta.url));
let home: string;
let log: EventLog;
beforeEach(async () => {
  home = mkdtempSync(path.join(tmpdir(), "asof-archiving-"));
  log = await openFileLog(path.join(home, "log"));
});
afterEach(async () => {
  await log.close();
  rmSync(home, { recursive: true });
});

/** A log of so many records of three days, in entries of seven. */
async function fill(records: number): Promise<void> {
  const out = new ByteWriter();
  for (let at = 0; at < records; at += 7) {
    const count = Math.min(7, records - at);
    const some = Array.from({ length: count }, (_, i) => ({
      event: 20_000 * DAY + ((at + i) % 3) * DAY + at,
      row: { user: `user ${at % 11}`, amount: (at + i) / 3, big: (at + i) % 5 === 0 ? null : BigInt(at) << 40n },
    }));
    out.reset();
    encodeRecords(out, stream.schema, codec, some);
    await log.append({
      stream: stream.name,
      kind: ENTRY.records,
      count,
      stamp: 30_000 * DAY + at,
      payload: out.finish(),
    });
  }
  await log.roll();
}

function archiving(start: StartSideThread, from?: number): ThreadArchiving {
  const store = { home, temporaryFolder: path.join(home, "temporary"), memoryLimit: "128MB" };
  return new ThreadArchiving({ start, store, from }, schemas, {});
}

test("what a thread archives is what is archived here, file by file", async () => {
  await fill(20_000);
  const range = { from: 0, cut: log.end };
  const thread = archiving(start);
  const there = await thread.run({ ...range, id: "there" }, () => false);
  await thread.close();

  const files = await openFolder(home);
  const engine = await openDuckDb({ temporaryFolder: path.join(home, "temporary"), threads: 1 });
  const parts = { engine, log, files, schemas, withdrawals: () => null };
  const here = await archiveLog(parts, { ...range, id: "here" }, () => false);
  await engine.close();
  expect(here.records).toBe(20_000);
  expect(here.files).toHaveLength(3);
  const renamed = there.files.map((file) => ({ ...file, path: file.path.replace("there-", "here-") }));
  expect({ ...there, files: renamed }).toEqual(here);
});

describe("a run in a thread", () => {
  test("rests until somebody waits for it, and is then told", async () => {
    await fill(10_000);
    const told: string[] = [];
    const listening: StartSideThread = (heard, ended) => {
      const thread = start(heard, ended);
      return {
        ...thread,
        post: (message) => {
          told.push((message as ToArchiveThread).kind);
          thread.post(message);
        },
      };
    };
    const thread = archiving(listening);
    let isWaitedFor = false;
    const running = thread.run({ from: 0, cut: log.end, id: "resting" }, () => !isWaitedFor);
    expect(told).toEqual(["archive"]);
    isWaitedFor = true;
    expect((await running).records).toBe(10_000);
    expect(told.slice(0, 2)).toEqual(["archive", "hurry"]);
    await thread.close();
  });

  test("fails with its error, and the next one with none", async () => {
    await fill(100);
    const thread = archiving(start);
    const dropped = { from: 0, cut: log.end, id: "archive" };
    await expect(thread.run({ ...dropped, id: "../outside" }, () => false)).rejects.toThrow(/outside/);
    expect((await thread.run(dropped, () => false)).records).toBe(100);
    await thread.close();
  });

  test("is lost where the thread ends, and there is no other", async () => {
    await fill(100);
    const thread = archiving(sideThreads("ending", new URL("data:text/javascript,process.exit(3)")), 10);
    const range = { from: 0, cut: log.end, id: "archive" };
    expect(thread.isFor(range)).toBe(true);
    await expect(thread.run(range, () => false)).rejects.toMatchObject({ code: "ASOF_INTERNAL" });
    expect(thread.isFor(range)).toBe(false);
    await thread.close();
  });

  test("is for many records", () => {
    const range = { id: "archive", from: 500 };
    expect(archiving(start).isFor({ ...range, cut: 100_499 })).toBe(false);
    expect(archiving(start).isFor({ ...range, cut: 100_500 })).toBe(true);
    expect(archiving(start, 10).isFor({ ...range, cut: 510 })).toBe(true);
  });
});
