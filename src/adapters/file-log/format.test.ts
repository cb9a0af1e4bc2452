import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { readFileLog } from "./read-file-log.ts";
import { decodeHeader, encodeHeader, HEADER_BYTES } from "./segment-header.ts";
import { markFrame, writeFrame } from "./frame.ts";

const header = { first: 5_000_000_000, lastStamp: -1, previous: { first: 4_999_999_000, bytes: 123_456 } };

test("a header reads back as it was written, with a name of its own", () => {
  const [one, two] = [encodeHeader(header), encodeHeader(header)];
  expect(one).toHaveLength(HEADER_BYTES);
  const { seed, ...read } = decodeHeader(one, "f");
  expect(read).toEqual(header);
  expect(decodeHeader(two, "f").seed).not.toBe(seed);
  const oldest = { first: 0, lastStamp: -Infinity, previous: null };
  expect(decodeHeader(encodeHeader(oldest), "f")).toMatchObject(oldest);
});

test("a header of a newer format is refused as such, a damaged one as damaged", () => {
  const newer = encodeHeader(header);
  newer.writeUInt32LE(2, 12);
  expect(() => decodeHeader(newer, "f")).toThrow(expect.objectContaining({ code: "ASOF_CORRUPT" }));
  newer.writeUInt32LE(crc32(newer.subarray(12)), 8);
  expect(() => decodeHeader(newer, "f")).toThrow(
    expect.objectContaining({ code: "ASOF_FORMAT", details: { file: "f", version: 2, supported: 1 } }),
  );
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(HEADER_BYTES), encodeHeader(header).subarray(1)])
    expect(() => decodeHeader(bytes, "f")).toThrow(
      expect.objectContaining({ code: "ASOF_CORRUPT", details: { file: "f", byte: 0 } }),
    );
});

// A log as format 1 writes it. These bytes must stay readable for ever; what differs needs a new version.
test("a header or a frame whose checksum is right is refused where it holds no positions and stamps", async () => {
  const corrupt = expect.objectContaining({ code: "ASOF_CORRUPT" }) as Error;
  for (const [at, value] of [
    [16, 0.5],
    [24, Number.NaN],
    [24, 1e300],
    [32, Infinity],
    [40, -0.5],
  ]) {
    const bytes = encodeHeader(header);
    bytes.writeDoubleLE(value, at);
    bytes.writeUInt32LE(crc32(bytes.subarray(12)), 8);
    expect(() => decodeHeader(bytes, "a file")).toThrow(corrupt);
  }
  const folder = await mkdtemp(join(tmpdir(), "asof-format-"));
  try {
    for (const stamp of [1e300, 0.5, Infinity, 2 ** 53 - 1]) {
      const head = encodeHeader({ first: 0, lastStamp: -Infinity, previous: null });
      const frame = Buffer.alloc(200);
      const place = { position: 0, stamp, synced: 64, count: 3, kind: 1 };
      const end = writeFrame(frame, 0, head.readUInt32LE(8), place, "events", new Uint8Array(0), true);
      await writeFile(join(folder, "00000000000000000000.log"), Buffer.concat([head, frame.subarray(0, end)]));
      await expect(readFileLog(folder)).rejects.toThrow(corrupt);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

const golden = {
  header:
    "61736f662e6c6f67fee523d4010000000000000000001c40000000007e842e41" +
    "00000000000008400000000000407f4001020304050607080000000000000000",
  frame: "a3e630362c0000000000000000001c400000000080842e41400000000300000009000500c3a974c3a9010203",
  empty: "803ea73e2400000000000000000024400000000086842e416c00000001000000ff000000",
  mark: "fa52df432400000000000000000026400000000086842e41900000000000000000000000",
};
const hex = (text: string): Buffer => Buffer.from(text, "hex");
const first = { position: 7, stamp: 1_000_000, count: 3, kind: 9 };
const second = { position: 10, stamp: 1_000_003, count: 1, kind: 255 };

test("frames and marks have the bytes of format 1", () => {
  const { seed } = decodeHeader(hex(golden.header), "golden");
  const bytes = Buffer.alloc(64);
  const payload = new Uint8Array([1, 2, 3]);
  const end = writeFrame(bytes, 0, seed, { ...first, synced: 64 }, "été", payload, false);
  expect(Buffer.concat([bytes.subarray(0, end), payload]).toString("hex")).toBe(golden.frame);
  const wholeEnd = writeFrame(bytes, 0, seed, { ...first, synced: 64 }, "été", payload, true);
  expect(bytes.subarray(0, wholeEnd).toString("hex")).toBe(golden.frame);
  const emptyEnd = writeFrame(bytes, 0, seed, { ...second, synced: 108 }, "", new Uint8Array(0), true);
  expect(bytes.subarray(0, emptyEnd).toString("hex")).toBe(golden.empty);
  expect(markFrame(seed, 11, second.stamp, 144).toString("hex")).toBe(golden.mark);
});

test("a log of format 1 is read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "asof-log-"));
  try {
    await writeFile(join(folder, "00000000000000000007.log"), hex(Object.values(golden).join("")));
    const log = await readFileLog(folder);
    expect([log.start, log.end, log.lastStamp, await log.bytes()]).toEqual([7, 11, 1_000_003, 180]);
    const entries = [];
    for await (const entry of log.read(7)) entries.push({ ...entry, payload: entry.payload.slice() });
    expect(entries).toEqual([
      { ...first, stream: "été", payload: new Uint8Array([1, 2, 3]) },
      { ...second, stream: "", payload: new Uint8Array(0) },
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
