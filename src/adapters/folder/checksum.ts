import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";

const CHUNK = 1024 * 1024;

/** CRC-32 of a file's bytes. @throws what the system throws */
export async function checksumOf(file: string): Promise<number> {
  const handle = await open(file, "r");
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    let checksum = 0;
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, CHUNK, null);
      if (bytesRead === 0) return checksum;
      checksum = crc32(chunk.subarray(0, bytesRead), checksum);
    }
  } finally {
    await handle.close();
  }
}
