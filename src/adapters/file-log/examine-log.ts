import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { AsofError } from "../../core/errors.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import { isRunning, thisProcess } from "./process-identity.ts";
import { headOf, scanNewest, type Tail } from "./scan-segment.ts";
import { checkChain, readSegmentHead, type Segment } from "./segment.ts";
import { systemCode } from "./storage-error.ts";
import { readHolder } from "./writer-lock.ts";

/** What is wrong with one segment. */
export interface LogFault {
  readonly file: string;
  readonly byte: number;
  readonly why: string;
  readonly code: "ASOF_CORRUPT" | "ASOF_FORMAT" | "ASOF_HOME";
  /** It is but the end of what a crash cut short, which the next start cuts off. */
  readonly torn: boolean;
}

export interface ExaminedLog {
  readonly segments: number;
  readonly bytes: number;
  readonly start: LogPosition;
  readonly end: LogPosition;
  readonly faults: readonly LogFault[];
}

/**
 * Reads every segment of a log whole, each for itself, so that damage of one hides nothing of the others. Changes
 * nothing. Where a writer is at work, what it is just writing is no fault.
 */
export async function examineLog(folder: string, isWritten: boolean): Promise<ExaminedLog> {
  const names = (await readdir(folder)).filter((name) => /^\d{20}\.log$/.test(name)).sort();
  const faults: LogFault[] = [];
  let before: Segment | null = null;
  let [start, end, bytes]: [LogPosition | null, LogPosition, number] = [null, 0, 0];
  for (const [i, name] of names.entries()) {
    const file = join(folder, name);
    try {
      const { header, segment } = await readSegmentHead(file);
      if (before !== null && start !== null) checkChain(before, header, file);
      start ??= segment.first;
      bytes += segment.bytes;
      before = segment;
      const isLast = i === names.length - 1;
      const { tail, fault } = await readThrough(segment, isLast && isWritten);
      if (fault !== null) faults.push({ ...fault, torn: fault.torn && isLast });
      end = tail.end;
    } catch (error) {
      // The writer has dropped it since.
      if (systemCode(error) === "ENOENT" && isWritten) continue;
      faults.push(faultOf(error, file));
      before = null;
      end = Math.max(end, Number(name.slice(0, 20)));
    }
  }
  return { segments: names.length, bytes, start: start ?? 0, end, faults };
}

/** The process that writes to a log; null where none is seen to. */
export async function writerOf(folder: string): Promise<number | null> {
  const holder = await readHolder(join(folder, "writer.lock.holder"));
  return holder !== null && (await isRunning(holder, await thisProcess())) ? holder.pid : null;
}

async function readThrough(
  segment: Segment,
  isWritten: boolean,
): Promise<{ readonly tail: Tail; readonly fault: LogFault | null }> {
  const handle = await open(segment.path, "r");
  try {
    const size = isWritten ? (await stat(segment.path)).size : segment.bytes;
    const { tail, torn, witness } = await scanNewest(handle, segment, size, headOf(segment));
    if (!torn || (isWritten && witness === null)) return { tail, fault: null };
    const why =
      witness === null
        ? `its last ${size - tail.offset} bytes are no whole entry`
        : `no whole entry begins there, though what was written later, at byte ${witness}, is whole`;
    const fault = { file: segment.path, byte: tail.offset, why, code: "ASOF_CORRUPT", torn: witness === null } as const;
    return { tail, fault };
  } finally {
    await handle.close();
  }
}

function faultOf(error: unknown, file: string): LogFault {
  const why = error instanceof Error ? error.message : String(error);
  if (!(error instanceof AsofError)) return { file, byte: 0, why, code: "ASOF_HOME", torn: false };
  const { byte = 0, file: named = file } = error.details;
  const code = error.code === "ASOF_FORMAT" ? "ASOF_FORMAT" : "ASOF_CORRUPT";
  return { file: String(named), byte: Number(byte), why, code, torn: false };
}
