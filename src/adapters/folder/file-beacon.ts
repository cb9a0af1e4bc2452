import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { AsofError } from "../../core/errors.ts";
import type { Beacon, Sign } from "../../ports/beacon.ts";

/** Version, checksum of what follows, position, moment. */
const BYTES = 1 + 4 + 8 + 8;
const FORMAT = 1;

/**
 * A beacon in a small file that is written over in place and never synced: processes of one machine see it in the
 * page cache at once, and a torn read fails its checksum. @throws ASOF_HOME
 */
export function openBeacon(path: string): Beacon {
  let file: number;
  try {
    file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  } catch (cause) {
    throw new AsofError("ASOF_HOME", `${path} cannot be opened`, { path }, cause);
  }
  let closed = false;
  const bytes = Buffer.alloc(BYTES);
  return {
    show: ({ position, t }) => {
      if (closed) return;
      bytes.writeUInt8(FORMAT, 0);
      bytes.writeDoubleLE(position, 5);
      bytes.writeDoubleLE(t, 13);
      bytes.writeUInt32LE(crc32(bytes.subarray(5)), 1);
      writeSync(file, bytes, 0, BYTES, 0);
    },
    look: (): Sign | null => {
      if (closed || readSync(file, bytes, 0, BYTES, 0) !== BYTES || bytes.readUInt8(0) !== FORMAT) return null;
      if (bytes.readUInt32LE(1) !== crc32(bytes.subarray(5))) return null;
      return { position: bytes.readDoubleLE(5), t: bytes.readDoubleLE(13) };
    },
    close: () => {
      if (!closed) closeSync(file);
      closed = true;
      return Promise.resolve();
    },
  };
}
