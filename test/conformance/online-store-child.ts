import { writeSync } from "node:fs";
import type { Put } from "../../src/ports/online-store.ts";
import { bytes } from "./online-store-bytes.ts";
import type { OnlineStoreUnderTest } from "./online-store-under-test.ts";

/** The keys of every commit of this process; all carry the number of their commit. */
export const NUMBERED: readonly Uint8Array[] = Array.from({ length: 3_000 }, (_, i) => bytes(`numbered ${i}`));

/** The value of key i in commit n: from a few bytes to several pages, and the number first. */
export function numbered(n: number, i: number): Uint8Array {
  const value = new Uint8Array(8 + (i % 50 === 0 ? 9_000 : i % 200));
  new DataView(value.buffer).setFloat64(0, n);
  return value;
}

export const numberOf = (value: Uint8Array): number => new DataView(value.buffer, value.byteOffset).getFloat64(0);

// A writer that is there to be killed: it commits for ever, two at a time, and tells of each once it is resolved.
if (process.argv[1] === import.meta.filename) {
  const [moduleUrl, place, first] = process.argv.slice(2);
  const { subject } = (await import(moduleUrl)) as { subject: OnlineStoreUnderTest };
  const store = await subject.open(place);
  const commit = async (n: number): Promise<void> => {
    await store.commit(NUMBERED.map((key, i): Put => [key, numbered(n, i)]));
    writeSync(1, `${n}.\n`);
  };
  for (let n = Number(first); ; n += 2) await Promise.all([commit(n), commit(n + 1)]);
}
