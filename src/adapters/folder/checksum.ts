import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";

const CHUNK = 1024 * 1024;
/** What is read into, once for each file that is read at a time: a new one for each of many small files would be much garbage. */
const free: Buffer[] = [];
const KEPT = 4;

/** CRC-32 of a file's bytes. @throws what the system throws */
export async function checksumOf(file: string): Promise<number> {
  const handle = await open(file, "r");
  const chunk = free.pop() ?? Buffer.allocUnsafeSlow(CHUNK);
  try {
    let checksum = 0;
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, CHUNK, null);
      if (bytesRead === 0) return checksum;
      checksum = crc32(chunk.subarray(0, bytesRead), checksum);
    }
  } finally {
    if (free.length < KEPT) free.push(chunk);
    await handle.close();
  }
}
