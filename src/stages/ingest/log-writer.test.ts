import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FileLog } from "../../adapters/file-log/file-log.ts";
import { openFileLog } from "../../adapters/file-log/open-file-log.ts";
import type { Clock } from "../../ports/clock.ts";
import { LogWriter } from "./log-writer.ts";

let folder: string;
let log: FileLog;
let wall: number;
let monotonic: number;
let promised: number | null;

const clock: Clock = {
  now: () => wall,
  elapsed: () => monotonic,
  idled: () => 0,
  worked: () => 0,
  reserve: 10_000_000,
  advance: null,
};
const reserve = {
  read: () => Promise.resolve(promised),
  write: (until: number) => {
    promised = until;
    return Promise.resolve();
  },
};
const payload = (): Uint8Array => Uint8Array.of(1);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "asof-log-writer-"));
  log = await openFileLog(folder);
  wall = 1_000_000_000;
  monotonic = 0;
  promised = null;
});

afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true });
});

test("stamps strictly increase, whatever the clock does", async () => {
  const writer = await LogWriter.open(log, clock, reserve);
  const first = await writer.append("s", 1, 3, payload);
  wall -= 3_600_000_000;
  const second = await writer.append("s", 1, 1, payload);
  expect(first.stamp).toBe(1_000_000_000);
  expect(second.stamp).toBe(first.stamp + 3);
});

test("the present is above every stamp, and no later stamp is at or below it", async () => {
  const writer = await LogWriter.open(log, clock, reserve);
  const { stamp } = await writer.append("s", 1, 1, payload);
  const present = (await writer.present(log.end))!;
  expect(present).toBeGreaterThan(stamp);
  expect(await writer.present(log.end)).toBe(present);
  expect((await writer.append("s", 1, 1, payload)).stamp).toBeGreaterThan(present);
});

test("there is no present while records are under way or not folded", async () => {
  const writer = await LogWriter.open(log, clock, reserve);
  const appending = writer.append("s", 1, 1, payload);
  expect(writer.present(log.end)).toBeNull();
  await appending;
  expect(writer.present(log.end - 1)).toBeNull();
  expect(await writer.present(log.end)).not.toBeNull();
});

test("a present that was handed out is never stamped again, not even after a crash and a clock that stepped back", async () => {
  const writer = await LogWriter.open(log, clock, reserve);
  wall += 50_000_000;
  const present = (await writer.present(log.end))!;
  // No close: what a crash leaves is what was reserved.
  wall = 5;
  const again = await LogWriter.open(log, clock, reserve);
  expect((await again.append("s", 1, 1, payload)).stamp).toBeGreaterThan(present);
});

test("a clean close gives the rest of the reserve back", async () => {
  const writer = await LogWriter.open(log, clock, reserve);
  const present = (await writer.present(log.end))!;
  await writer.close();
  const again = await LogWriter.open(log, clock, reserve);
  expect((await again.append("s", 1, 1, payload)).stamp).toBe(present + 1);
});

test("a clock that jumps ahead of the monotonic one stops ingest until it is confirmed", async () => {
  const writer = await LogWriter.open(log, clock, reserve);
  wall += 60_000_000;
  monotonic += 60;
  await writer.append("s", 1, 1, payload);
  wall += 301_000_000;
  monotonic += 0.5;
  await expect(writer.append("s", 1, 1, payload)).rejects.toMatchObject({ code: "ASOF_CLOCK_JUMP" });
  expect(log.end).toBe(1);
  writer.confirmClock();
  expect((await writer.append("s", 1, 1, payload)).stamp).toBe(wall);
});
