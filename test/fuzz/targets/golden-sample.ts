import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { contentOf } from "../../golden/golden-format.ts";
import type { Sample } from "../target.ts";

const GOLDEN = fileURLToPath(new URL("../../golden", import.meta.url));

export interface GoldenSample<T> extends Sample {
  /** What the bytes hold. */
  readonly content: T;
}

/** The stored bytes of every version of a format, as versions of asof wrote them. */
export async function goldenSamples<T>(format: string): Promise<GoldenSample<T>[]> {
  const folder = path.join(GOLDEN, format);
  const versions = (await readdir(folder)).sort();
  return Promise.all(
    versions.map(async (version) => ({
      name: `${format}/${version}`,
      bytes: new Uint8Array(await readFile(path.join(folder, version, "data.bin"))),
      content: (await contentOf(path.join(folder, version))) as T,
    })),
  );
}

/** Files of golden folders whose path matches. */
export async function goldenFiles(folder: string, matching: RegExp): Promise<Sample[]> {
  const names = (await readdir(path.join(GOLDEN, folder), { recursive: true })).filter((name) => matching.test(name));
  return Promise.all(
    names.sort().map(async (name) => ({
      name: `${folder}/${name}`,
      bytes: new Uint8Array(await readFile(path.join(GOLDEN, folder, name))),
    })),
  );
}
