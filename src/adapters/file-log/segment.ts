import { open, readdir, rename, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import { openDurable } from "./durable-write.ts";
import { syncFolder } from "./sync-folder.ts";
import { decodeHeader, encodeHeader, HEADER_BYTES, type SegmentHeader } from "./segment-header.ts";
import { SparseIndex } from "./sparse-index.ts";
import { corrupt } from "./storage-error.ts";

/** A file of the log. All but the newest are complete and never change again. */
export interface Segment {
  readonly path: string;
  readonly first: LogPosition;
  readonly lastStampBefore: Timestamp;
  /** What the checksums of its frames start from. */
  readonly seed: number;
  readonly index: SparseIndex;
  /** How long the file is, as far as its bytes count. */
  bytes: number;
}

/** The segments of a folder, oldest first, headers checked and the chain of positions whole. @throws AsofError */
export async function listSegments(folder: string, known: readonly Segment[] = []): Promise<Segment[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{20}\.log$/.test(name)).sort();
  const segments: Segment[] = [];
  const byPath = new Map(known.map((segment) => [segment.path, segment]));
  for (const name of names) {
    const path = join(folder, name);
    const before = segments.at(-1);
    const seen = byPath.get(path);
    if (seen !== undefined && (before === undefined || byPath.has(before.path))) {
      seen.bytes = (await stat(path)).size;
      segments.push(seen);
      continue;
    }
    const { header, segment } = await readSegmentHead(path);
    if (segmentName(header.first) !== name) throw corrupt(path, 0, `its header says that it begins at ${header.first}`);
    if (before !== undefined) checkChain(before, header, path);
    segments.push(segment);
  }
  return segments;
}

/** A segment knows the one before it, so that a missing or shortened one is seen when the log is opened. */
export function checkChain(before: Segment, header: SegmentHeader, path: string): void {
  const { previous } = header;
  if (previous === null || previous.first !== before.first)
    throw corrupt(path, 0, `it does not follow ${before.path}: a segment between them is missing`);
  if (previous.bytes !== before.bytes)
    throw corrupt(before.path, Math.min(previous.bytes, before.bytes), `it should be ${previous.bytes} bytes long`);
}

export async function readSegmentHead(path: string): Promise<{ header: SegmentHeader; segment: Segment }> {
  const handle = await open(path, "r");
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, HEADER_BYTES, 0);
    const header = decodeHeader(bytes.subarray(0, bytesRead), path);
    const { size } = await handle.stat();
    return { header, segment: segmentOf(path, header, header.seed, size) };
  } finally {
    await handle.close();
  }
}

/**
 * Makes an empty segment, durable before this resolves: the file is complete before it gets its name, so that a
 * segment never has half a header. The handle is open for `writeDurably`.
 */
export async function createSegment(
  folder: string,
  header: SegmentHeader,
): Promise<{ segment: Segment; handle: FileHandle }> {
  const path = join(folder, segmentName(header.first));
  const bytes = encodeHeader(header);
  const handle = await openDurable(path + UNFINISHED, true);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
    await rename(path + UNFINISHED, path);
    await syncFolder(folder);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return { segment: segmentOf(path, header, decodeHeader(bytes, path).seed, HEADER_BYTES), handle };
}

/** How the name of a segment under construction ends. */
export const UNFINISHED = ".new";

function segmentOf(path: string, header: SegmentHeader, seed: number, bytes: number): Segment {
  return { path, first: header.first, lastStampBefore: header.lastStamp, seed, index: new SparseIndex(), bytes };
}

function segmentName(first: LogPosition): string {
  return `${String(first).padStart(20, "0")}.log`;
}
