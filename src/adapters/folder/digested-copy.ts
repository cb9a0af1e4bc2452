import { createHash } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { checkInterrupted } from "../../core/interruption.ts";

const CHUNK = 4 * 1024 * 1024;

export interface Digested {
  readonly bytes: number;
  readonly sha256: string;
}

export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Hears of bytes as they are done. */
  readonly onBytes?: (bytes: number) => void;
  /** No more than so many bytes, from the first on. Default: all of them. */
  readonly length?: number;
}

/** Copies a file, durably, and says what it holds; the folder is made where it is missing. @throws what the system throws */
export async function digestedCopy(from: string, to: string, options: CopyOptions = {}): Promise<Digested> {
  await mkdir(dirname(to), { recursive: true });
  const target = await open(to, "w");
  try {
    const digested = await digest(from, options, (chunk) => target.writeFile(chunk));
    await target.sync();
    return digested;
  } finally {
    await target.close();
  }
}

/** What a file holds. @throws what the system throws */
export function digestOf(file: string, options: CopyOptions = {}): Promise<Digested> {
  return digest(file, options, () => Promise.resolve());
}

async function digest(
  file: string,
  { signal, onBytes, length = Infinity }: CopyOptions,
  take: (chunk: Uint8Array) => Promise<void>,
): Promise<Digested> {
  const source = await open(file, "r");
  try {
    const hash = createHash("sha256");
    const chunk = Buffer.allocUnsafe(CHUNK);
    let bytes = 0;
    for (;;) {
      checkInterrupted(signal);
      const { bytesRead } = await source.read(chunk, 0, Math.min(CHUNK, length - bytes), bytes);
      if (bytesRead === 0) return { bytes, sha256: hash.digest("hex") };
      const part = chunk.subarray(0, bytesRead);
      hash.update(part);
      await take(part);
      bytes += bytesRead;
      onBytes?.(bytesRead);
    }
  } finally {
    await source.close();
  }
}
