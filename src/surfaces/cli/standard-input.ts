import { createWriteStream } from "node:fs";
import { mkdtemp, open, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { AsofError } from "../../core/errors.ts";
import type { FileFormat } from "./format-option.ts";
import type { Io } from "./io.ts";

/** What stands for standard input among file names. */
export const STDIN = "-";

/**
 * Keeps standard input in a file for as long as the work takes: engines read files more than once. Without a format
 * it tells by the first bytes: Parquet, NDJSON if they open an object, else CSV.
 * @throws ASOF_EMPTY; what the work says of the file, it says of "-"
 */
export async function withStandardInput<T>(
  io: Io,
  format: FileFormat | undefined,
  work: (file: string, format: FileFormat) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), "asof-stdin-"));
  const raw = path.join(folder, "stdin");
  let file = raw;
  try {
    await pipeline(io.stdin, createWriteStream(raw), { signal: io.signal });
    if ((await stat(raw)).size === 0) throw new AsofError("ASOF_EMPTY", "standard input is empty", { file: STDIN });
    const known = format ?? (await sniff(raw));
    // Engines look at the extension, too.
    file = `${raw}.${known}`;
    await rename(raw, file);
    return await work(file, known);
  } catch (error) {
    throw io.signal.aborted && (error as Error).name === "AbortError" ? io.signal.reason : renamed(error, file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sniff(file: string): Promise<FileFormat> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
    const head = buffer.toString("latin1", 0, bytesRead);
    if (head.startsWith("PAR1")) return "parquet";
    return /^(\xef\xbb\xbf)?\s*\{/.test(head) ? "ndjson" : "csv";
  } finally {
    await handle.close();
  }
}

/** The user knows of no file. */
function renamed(error: unknown, file: string): unknown {
  if (!(error instanceof AsofError) || !`${error.message}${JSON.stringify(error.details)}`.includes(file)) return error;
  const details = Object.entries(error.details).map(([name, value]) => [
    name,
    typeof value === "string" ? value.replaceAll(file, STDIN) : value,
  ]);
  const message = error.message.replaceAll(file, "standard input");
  return new AsofError(error.code, message, Object.fromEntries(details), error.cause);
}
