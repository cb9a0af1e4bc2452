import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";
import { openFileLog } from "../../../src/adapters/file-log/open-file-log.ts";
import { readFileLog } from "../../../src/adapters/file-log/read-file-log.ts";
import type { Sample, Target } from "../target.ts";
import { STORED } from "../target.ts";
import { goldenFiles } from "./golden-sample.ts";

const HEADER = 64;

interface SegmentSample extends Sample {
  readonly file: string;
}

/** Makes a segment's checksums those of its bytes: of the header, and of each frame as far as lengths lead. */
function repaired(bytes: Uint8Array): Uint8Array {
  if (bytes.length < HEADER) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const seed = crc32(bytes.subarray(12, HEADER));
  view.setUint32(8, seed, true);
  for (let at = HEADER; at + 36 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    if (length < 36 || at + length > bytes.length) break;
    view.setUint32(at, crc32(bytes.subarray(at + 4, at + length), seed), true);
    at += length;
  }
  return bytes;
}

/** A log's newest segment, read as another process does and opened as its writer does. */
export const logSegments: Target = {
  name: "log-segments",
  syntax: "binary",
  refusals: STORED,
  batch: 200,
  weight: 1,
  open: async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "asof-fuzz-log-"));
    const files = [...(await goldenFiles("log/v1", /0000\.log$/)), ...(await goldenFiles("home/v1", /\.log$/))];
    const samples = files.map((file): SegmentSample => ({ ...file, file: path.basename(file.name) }));
    return {
      samples,
      repair: repaired,
      async read(bytes, sample) {
        const { file } = sample as SegmentSample;
        const place = path.join(folder, file);
        for (const one of samples) await rm(path.join(folder, one.file), { force: true });
        await writeFile(place, bytes);
        const reader = await readFileLog(folder);
        let last = reader.start;
        for await (const { position, count, stamp, payload } of reader.read(reader.start)) {
          if (position !== last || count < 1 || !Number.isSafeInteger(stamp) || payload.length > bytes.length)
            throw new Error(`an entry at ${position} of ${count}, stamped ${stamp}`);
          last += count;
        }
        if (last !== reader.end || !(reader.lastStamp === -Infinity || Number.isSafeInteger(reader.lastStamp)))
          throw new Error(`the log ends at ${last}, not at ${reader.end}, stamped ${reader.lastStamp}`);
        const log = await openFileLog(folder);
        await log.close();
      },
      close: () => rm(folder, { recursive: true }),
    };
  },
};
