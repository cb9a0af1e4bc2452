import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { goldenJson, parseGoldenJson } from "./golden-json.ts";

/**
 * A stored format, as golden files keep it: `test/golden/<name>/v<version>/`, files written once by the version of
 * asof that began the format, with `content.json` beside them, which says what they hold. They are read for ever.
 */
export interface GoldenFormat {
  readonly name: string;
  /** The version that today's code writes. */
  readonly version: number;
  /** Writes the files of today's version; resolves to what they hold, as it went in. */
  readonly write: (folder: string) => Promise<unknown>;
  /** What today's code reads of the files of any version. The folder is a copy: opening may change it. */
  readonly read: (folder: string, version: number) => Promise<unknown>;
  /** Writes files of today's version that hold this; they are equal byte for byte. Or why there is no such thing. */
  readonly again: ((content: unknown, folder: string) => Promise<void>) | { readonly differs: string };
  /** Makes the copy one of a version that is not known yet. Or why there is no such thing. */
  readonly newer: ((folder: string) => Promise<void>) | { readonly unversioned: string };
}

/** A format of one run of bytes, in the file `data.bin`, that begins with its version. */
export function bytesFormat<T>(format: {
  readonly name: string;
  readonly version: number;
  readonly content: T;
  readonly encode: (content: T) => Uint8Array;
  /** Gives what a content holds, told what it is to hold: names of schemas and the like are not in the bytes. */
  readonly decode: (bytes: Uint8Array, expected: T) => unknown;
  readonly newer?: (bytes: Uint8Array) => Uint8Array;
  readonly unversioned?: string;
}): GoldenFormat {
  const file = (folder: string): string => path.join(folder, "data.bin");
  const { content, encode, decode } = format;
  const newer = format.newer ?? ((bytes) => Uint8Array.from(bytes, (byte, i) => (i === 0 ? byte + 1 : byte)));
  return {
    name: format.name,
    version: format.version,
    write: async (folder) => {
      await writeFile(file(folder), encode(content));
      return content;
    },
    read: async (folder) => decode(await readFile(file(folder)), (await contentOf(folder)) as T),
    again: async (expected, folder) => writeFile(file(folder), encode(expected as T)),
    newer:
      format.unversioned !== undefined
        ? { unversioned: format.unversioned }
        : async (folder) => writeFile(file(folder), newer(await readFile(file(folder)))),
  };
}

/** A format of JSON with a `format` in it. */
export function newerJson(bytes: Uint8Array): Uint8Array {
  const { format, ...rest } = JSON.parse(Buffer.from(bytes).toString()) as { format: number };
  return Buffer.from(JSON.stringify({ format: format + 1, ...rest }));
}

const CONTENT = "content.json";

/** What the files of a folder are to hold. */
export async function contentOf(folder: string): Promise<unknown> {
  return parseGoldenJson(await readFile(path.join(folder, CONTENT), "utf8"));
}

export async function writeContent(folder: string, content: unknown): Promise<void> {
  await writeFile(path.join(folder, CONTENT), goldenJson(content));
}
