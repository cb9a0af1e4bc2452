import { spawnSync } from "node:child_process";
import { constants } from "node:fs";
import { mkdtemp, open, readdir, readFile, readlink, rm, stat, writeFile, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { NewEntry } from "../../ports/event-log.ts";
import type { FileLog } from "./file-log.ts";
import { examineLog } from "./examine-log.ts";
import { openFileLog } from "./open-file-log.ts";
import { readFileLog } from "./read-file-log.ts";

let folder: string;
let file: string;
let fileHandle: Pick<FileHandle, "writev" | "truncate">;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "asof-log-"));
  file = join(folder, "00000000000000000000.log");
  const handle = await open(folder);
  fileHandle = Object.getPrototypeOf(handle) as typeof fileHandle;
  await handle.close();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const entry = (stamp: number, payload: Uint8Array = Buffer.from(`${stamp}`)): NewEntry => ({
  stream: "s",
  kind: 0,
  count: 1,
  stamp,
  payload,
});

async function stamps(log: FileLog): Promise<number[]> {
  const all: number[] = [];
  for await (const { stamp } of log.read(log.start)) all.push(stamp);
  return all;
}

test.runIf(process.platform === "linux")(
  "the log's file is open for writes that end when they are on disk",
  async () => {
    const durable = async (): Promise<boolean> => {
      const descriptors = await readdir("/proc/self/fd");
      for (const fd of descriptors)
        if ((await readlink(`/proc/self/fd/${fd}`).catch(() => "")) === file) {
          const [, flags] = /flags:\t(\d+)/.exec(await readFile(`/proc/self/fdinfo/${fd}`, "utf8"))!;
          return (Number.parseInt(flags, 8) & constants.O_DSYNC) !== 0;
        }
      throw new Error("the log's file is not open");
    };
    let log = await openFileLog(folder);
    expect(await durable()).toBe(true);
    await log.close();
    log = await openFileLog(folder);
    expect(await durable()).toBe(true);
    await log.close();
  },
);

test("an append is answered and readable only when its sync is done; appends of that time share the next one", async () => {
  const log = await openFileLog(folder);
  // Not a mock: the real write, observed, and what it says held back.
  const real = fileHandle.writev as (...given: unknown[]) => Promise<unknown>;
  const gates: PromiseWithResolvers<void>[] = [];
  vi.spyOn(fileHandle, "writev").mockImplementation(async function (this: FileHandle, ...given: unknown[]) {
    const written = await real.apply(this, given);
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    await gate.promise;
    return written as never;
  });
  const answered: number[] = [];
  const append = async (stamp: number): Promise<void> => {
    answered.push(await log.append(entry(stamp)));
  };
  const first = append(0);
  await vi.waitUntil(() => gates.length === 1);
  const others = Array.from({ length: 64 }, (_, i) => append(i + 1));
  expect(log.pendingBytes).toBe(64 + 56);
  expect((await stat(file)).size).toBeGreaterThan(64);
  expect([answered, await stamps(log), log.end]).toEqual([[], [], 0]);
  gates[0].resolve();
  await first;
  expect([answered, await stamps(log), log.end]).toEqual([[0], [0], 1]);
  await vi.waitUntil(() => gates.length === 2);
  expect(answered).toEqual([0]);
  gates[1].resolve();
  await Promise.all(others);
  expect([answered.length, log.end, log.pendingBytes, gates.length]).toEqual([65, 65, 0, 2]);
  vi.restoreAllMocks();
  await log.close();
});

test("a failed sync is final: all that waits is refused, nothing of it comes back, nothing is tried again", async () => {
  const log = await openFileLog(folder);
  await log.append(entry(0));
  const durable = (await stat(file)).size;
  // No disk here can be made to fail its sync, so the failure is injected; the cutting back is real.
  let failures = 0;
  const cause = Object.assign(new Error("EIO: i/o error, write"), { code: "EIO" });
  const real = fileHandle.writev as (...given: unknown[]) => Promise<unknown>;
  vi.spyOn(fileHandle, "writev").mockImplementation(async function (this: FileHandle, ...given: unknown[]) {
    const written = await real.apply(this, given);
    if (failures++ === 0) throw cause;
    return written as never;
  });
  const first = log.append(entry(1));
  const rolled = log.roll();
  const behind = log.append(entry(2));
  const refused = { code: "ASOF_HOME", details: { path: file, reason: "EIO" }, cause };
  const results = await Promise.allSettled([first, rolled, behind]);
  for (const result of results) expect(result).toMatchObject({ status: "rejected", reason: refused });
  await expect(log.append(entry(3))).rejects.toMatchObject(refused);
  await expect(log.roll()).rejects.toMatchObject(refused);
  expect([await stamps(log), log.end, log.pendingBytes]).toEqual([[0], 1, 0]);
  expect((await stat(file)).size).toBe(durable);
  await log.close();
  vi.restoreAllMocks();
  const again = await openFileLog(folder);
  expect([await stamps(again), again.recovery]).toEqual([[0], null]);
  expect(await again.append(entry(1))).toBe(1);
  await again.close();
});

test("a full disk refuses the entries that do not fit and keeps the others, in any process", async () => {
  // The largest size the system lets the process give a file stands for the size of the disk.
  const script = `
    import { openFileLog } from ${JSON.stringify(new URL("./open-file-log.ts", import.meta.url).href)};
    process.on("SIGXFSZ", () => {});
    const log = await openFileLog(${JSON.stringify(folder)});
    const appends = Array.from({ length: 20 }, (_, i) => i).map(async (i) => {
      if (i >= 5) await new Promise((resolve) => setTimeout(resolve, i * 10));
      try {
        return await log.append({ stream: "s", kind: 0, count: 1, stamp: log.lastStamp === -Infinity ? 0 : log.lastStamp + 1, payload: Buffer.alloc(10_000) });
      } catch (error) {
        return error.code + " " + error.details.reason;
      }
    });
    console.log(JSON.stringify({ results: await Promise.all(appends), end: log.end }));
    await log.close();
  `;
  const shell = `ulimit -f 100; exec "$0" --input-type=module -e "$1"`;
  const child = spawnSync("bash", ["-c", shell, process.execPath, script], { encoding: "utf8" });
  expect(child.stderr).toBe("");
  const { results, end } = JSON.parse(child.stdout) as { results: (number | string)[]; end: number };
  const accepted = results.filter((result) => typeof result === "number");
  expect(accepted).toEqual(Array.from({ length: end }, (_, i) => i));
  expect(end).toBeGreaterThanOrEqual(5);
  expect(new Set(results.slice(end))).toEqual(new Set(["ASOF_HOME EFBIG"]));
  const log = await openFileLog(folder);
  expect([log.end, log.recovery]).toEqual([end, null]);
  expect(await log.append(entry(100))).toBe(end);
  await log.close();
});

test("a segment ends when it is long enough, and one entry may be longer", async () => {
  const log = await openFileLog(folder, { segmentBytes: 1000 });
  for (let i = 0; i < 10; i++) await log.append(entry(i, Buffer.alloc(400)));
  await log.append(entry(10, Buffer.alloc(100_000)));
  await log.append(entry(11));
  expect((await readFile(file)).length).toBe(64 + 3 * (36 + 1 + 400));
  expect(await log.bytes()).toBe(5 * 64 + 12 * 37 + 10 * 400 + 100_000 + 2);
  await log.dropBefore(12);
  expect([log.start, await stamps(log)]).toEqual([11, [11]]);
  await log.close();
});

test("refuses an entry that is too large, and goes on", async () => {
  const log = await openFileLog(folder);
  const tooLarge = log.append(entry(0, new Uint8Array(2 ** 30 + 1)));
  await expect(tooLarge).rejects.toMatchObject({ code: "ASOF_TOO_LARGE" });
  expect(await log.append(entry(0))).toBe(0);
  await log.close();
});

test("room is written ahead of the entries of a segment that is not short, and is no part of the log", async () => {
  const log = await openFileLog(folder, { segmentBytes: 300_000 });
  const frame = 36 + 1 + 2_000;
  const sizes: number[] = [];
  for (let i = 0; i < 150; i++) {
    await log.append(entry(i, Buffer.alloc(2_000, 1)));
    sizes.push((await stat(file)).size);
  }
  const long = (entries: number): number => 64 + entries * frame;
  // As many bytes again whenever an entry ends beyond them, from 64 kB on, and no more than the segment may have.
  const expected = sizes.map((_, i) => {
    if (i < 32) return long(i + 1);
    if (i < 66) return 2 * long(33);
    if (i < 134) return 2 * long(67);
    return i < 147 ? 300_000 : long(148);
  });
  expect(sizes).toEqual(expected);
  expect(await log.bytes()).toBe(2 * 64 + 150 * frame);
  expect((await stamps(log)).length).toBe(150);
  await log.close();
});

test("room ahead is no torn tail; what a crash leaves in it is one, and what damage leaves is damage", async () => {
  const log = await openFileLog(folder);
  for (let i = 0; i < 40; i++) await log.append(entry(i, Buffer.alloc(2_000, 1)));
  const bytes = 64 + 40 * (36 + 1 + 2_000);
  const image = await readFile(file);
  expect(image.length).toBeGreaterThan(bytes);
  const reader = await readFileLog(folder);
  expect([reader.end, await reader.bytes()]).toEqual([40, bytes]);
  expect(await examineLog(folder, false)).toMatchObject({ end: 40, faults: [] });
  await log.close();
  expect((await stat(file)).size).toBe(bytes + 36);

  await writeFile(file, image);
  const killed = await openFileLog(folder);
  expect([killed.end, killed.recovery, (await stat(file)).size]).toEqual([40, null, bytes]);
  expect(await killed.append(entry(40))).toBe(40);
  await killed.close();

  // The end of a group without its beginning.
  image[bytes + 5_000] = 1;
  await writeFile(file, image);
  expect(await examineLog(folder, false)).toMatchObject({ end: 40, faults: [{ byte: bytes, torn: true }] });
  const torn = await openFileLog(folder);
  expect([torn.end, torn.recovery]).toEqual([40, { file, byte: bytes, cutBytes: image.length - bytes }]);
  await torn.close();

  image[bytes + 5_000] = 0;
  image[bytes - 5_000] ^= 1;
  await writeFile(file, image);
  const damaged = { code: "ASOF_CORRUPT", details: { file, byte: 64 + 37 * (36 + 1 + 2_000) } };
  await expect(openFileLog(folder)).rejects.toMatchObject(damaged);
  await expect(readFileLog(folder)).rejects.toMatchObject(damaged);
});

test("stamps that do not grow, and counts and kinds out of range, are our own faults", async () => {
  const log = await openFileLog(folder);
  await log.append({ ...entry(5), count: 3 });
  const faults = [
    { stamp: 7 },
    { stamp: 8.5 },
    { stamp: Number.NaN },
    { stamp: 2 ** 53 },
    { count: 0 },
    { count: 1.5 },
    { kind: 256 },
    { kind: -1 },
    { stream: "\ud800" },
    { stream: "x".repeat(70_000) },
  ];
  for (const fault of faults)
    expect(() => log.append({ ...entry(8), ...fault }), JSON.stringify(fault)).toThrow("asof internal error");
  expect(await log.append(entry(8))).toBe(3);
  await log.close();
});

test("a folder that cannot be written is named, with the system's reason", async () => {
  await writeFile(join(folder, "file"), "");
  const bad = join(folder, "file", "log");
  await expect(openFileLog(bad)).rejects.toMatchObject({
    code: "ASOF_HOME",
    details: { path: bad, reason: "ENOTDIR" },
  });
});

test("makes the folders that are missing", async () => {
  const log = await openFileLog(join(folder, "a", "b", "c"));
  expect(await log.append(entry(0))).toBe(0);
  await log.close();
});
