import { gunzipSync } from "node:zlib";

const HEAD = 8;
const LENGTH = 4;
/** Of what a compressed sequence may hold, in bytes. */
const LARGEST = 1 << 30;

/**
 * What is wrong with a file of a model's nodes, a sequence of blobs; null where nothing is. It begins with "BS", a version
 * and how the rest is compressed (0 not, 1 as gzip); each blob stands behind its length. YDF takes the memory that a
 * length asks for before it looks for the bytes (`blob_sequence.h` of YDF).
 */
export function blobSequenceFault(file: Uint8Array): string | null {
  if (file.length < HEAD || file[0] !== 0x42 || file[1] !== 0x53) return "it does not begin as a sequence of blobs";
  const compression = file[4];
  if (compression === 0) return lengthsFault(file.subarray(HEAD));
  if (compression !== 1) return `it is compressed in an unknown way, ${compression}`;
  try {
    return lengthsFault(gunzipSync(file.subarray(HEAD), { maxOutputLength: LARGEST }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function lengthsFault(blobs: Uint8Array): string | null {
  const view = new DataView(blobs.buffer, blobs.byteOffset, blobs.byteLength);
  let at = 0;
  while (at + LENGTH <= blobs.length) {
    const length = view.getUint32(at, true);
    if (length > blobs.length - at - LENGTH) return `a blob at byte ${at} has ${length} bytes, beyond its end`;
    at += LENGTH + length;
  }
  return at === blobs.length ? null : "it is cut short";
}
