import { stat } from "node:fs/promises";

/** What changes when a file is written: its size and the time of it. Null where there is no such file. */
export async function fileState(file: string): Promise<string | null> {
  try {
    const { size, mtimeNs } = await stat(file, { bigint: true });
    return `${size} ${mtimeNs}`;
  } catch {
    // Whoever reads it says what is wrong.
    return null;
  }
}
