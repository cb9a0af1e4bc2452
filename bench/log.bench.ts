import { stat } from "node:fs/promises";
import path from "node:path";
import { openDurable, writeDurably } from "../src/adapters/file-log/durable-write.ts";
import { openFileLog } from "../src/adapters/file-log/open-file-log.ts";
import { withFolder } from "./flights.ts";
import type { BenchCase } from "./measure.ts";

// What room ahead is worth: entries one by one into the log, each on disk before the next, beside the same bytes at the
// end of a file that grows, by the same durable write. The mean of all, as a tail of slow syncs is what it is about.

const ROUNDS = 12;
const ROUND_MS = 400;

export async function run(): Promise<BenchCase[]> {
  const cases: BenchCase[] = [];
  for (const bytes of [2_000, 8_000, 16_000]) cases.push(await withFolder((folder) => appends(folder, bytes)));
  return cases;
}

async function appends(folder: string, bytes: number): Promise<BenchCase> {
  const payload = Buffer.alloc(bytes, 1);
  const log = await openFileLog(path.join(folder, "log"));
  const grown = path.join(folder, "grown");
  const handle = await openDurable(grown, true);
  const [ours, reference] = [
    { count: 0, milliseconds: 0 },
    { count: 0, milliseconds: 0 },
  ];
  try {
    const contenders = [
      { of: ours, write: () => log.append({ stream: "s", kind: 0, count: 1, stamp: ours.count, payload }) },
      { of: reference, write: () => writeDurably(handle, [payload], reference.count * bytes) },
    ];
    for (let round = 0; round < ROUNDS; round++)
      for (const { of, write } of round % 2 === 0 ? contenders : contenders.toReversed()) {
        const started = performance.now();
        let now = started;
        for (; now - started < ROUND_MS; now = performance.now()) {
          await write();
          of.count++;
        }
        of.milliseconds += now - started;
      }
    let read = 0;
    for await (const entry of log.read(0)) if (payload.equals(entry.payload)) read++;
    const equal = read === ours.count && (await stat(grown)).size === reference.count * bytes;
    const each = ({ count, milliseconds }: typeof ours): number => milliseconds / count;
    return {
      case: `an entry of ${bytes} bytes on disk, against as much at the end of a file`,
      ours: each(ours),
      reference: each(reference),
      ratio: each(reference) / each(ours),
      unit: "ms",
      equal,
    };
  } finally {
    await log.close();
    await handle.close();
  }
}
