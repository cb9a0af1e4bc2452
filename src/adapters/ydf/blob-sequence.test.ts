import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { blobSequenceFault } from "./blob-sequence.ts";

const head = (compression: number): Buffer => Buffer.from([0x42, 0x53, 1, 0, compression, 0, 0, 0]);
const blob = (text: string, length = text.length): Buffer => {
  const bytes = Buffer.alloc(4 + text.length);
  bytes.writeUInt32LE(length);
  bytes.write(text, 4);
  return bytes;
};
const blobs = Buffer.concat([blob("one"), blob(""), blob("three")]);

test("a sequence of blobs is one, compressed or not, with blobs or without", () => {
  for (const whole of [[head(0), blobs], [head(1), gzipSync(blobs)], [head(0)], [head(1), gzipSync("")]])
    expect(blobSequenceFault(Buffer.concat(whole))).toBeNull();
});

test.each([
  ["a length beyond the end", [head(0), blob("one", 0x3f00_0000)], /1056964608 bytes, beyond its end/],
  ["the same compressed", [head(1), gzipSync(blob("one", 0xffff_ffff))], /4294967295 bytes, beyond its end/],
  ["a blob that is cut short", [head(0), blobs.subarray(0, -1)], /beyond its end/],
  ["a length that is cut short", [head(0), blobs, Buffer.from([1, 0])], /cut short/],
  ["no gzip", [head(1), blobs], /header check/],
  ["an unknown compression", [head(7), blobs], /unknown way, 7/],
  ["another beginning", [Buffer.from("SB"), blobs], /does not begin/],
  ["nothing", [], /does not begin/],
] as const)("%s is told", (_, parts, why) => {
  expect(blobSequenceFault(Buffer.concat(parts))).toMatch(why);
});
