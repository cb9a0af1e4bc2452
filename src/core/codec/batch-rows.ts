import { AsofError } from "../errors.ts";
import type { Row, Value } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { RowCodec } from "./row-codec.ts";

/** One version of a batch view's row for a key. */
export interface BatchRow {
  readonly event: Timestamp;
  readonly available: Timestamp;
  /** The position of the computation it came from. */
  readonly entry: number;
  readonly features: Row;
}

const FORMAT = 1;

/** All versions of a key's row that may still be read. */
export function encodeBatchRows(out: ByteWriter, codec: RowCodec, rows: readonly BatchRow[]): void {
  out.u8(FORMAT);
  out.varint(rows.length);
  for (const row of rows) {
    out.zigzag(row.event);
    out.zigzag(row.available);
    out.varint(row.entry);
    codec.encode(out, row.features);
  }
}

/** Reads what `encodeBatchRows` wrote, to the end. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeBatchRows(input: ByteReader, codec: RowCodec): BatchRow[] {
  const rows: BatchRow[] = [];
  for (let n = rowsIn(input); n > 0; n--)
    rows.push({
      event: input.zigzag(),
      available: input.zigzag(),
      entry: input.varint(),
      features: codec.decode(input),
    });
  input.end();
  return rows;
}

/** The version that counts at a moment, with its features in the order of the codec's names. */
export interface ReadVersion {
  readonly event: Timestamp;
  readonly values: readonly Value[];
}

/** What counts at a moment, null where nothing is available by then, and until when no other version can. */
export interface VersionUntil {
  readonly version: ReadVersion | null;
  readonly until: Timestamp;
}

/**
 * `versionAt` straight from what `encodeBatchRows` wrote, to the end.
 * @throws AsofError ASOF_CORRUPT, ASOF_FORMAT
 */
export function readVersionAt(input: ByteReader, codec: RowCodec, t: Timestamp): VersionUntil {
  let best: (ReadVersion & Omit<BatchRow, "features">) | null = null;
  let until = Infinity;
  for (let n = rowsIn(input); n > 0; n--) {
    const event = input.zigzag();
    const available = input.zigzag();
    const entry = input.varint();
    const values = codec.decodeValues(input);
    const row = { event, available, entry, values };
    if (available > t) until = Math.min(until, available);
    else if (best === null || compareVersions(row, best) > 0) best = row;
  }
  input.end();
  return { version: best, until };
}

/** The order in which versions win: by event, then available, then entry. */
export function compareVersions(a: Omit<BatchRow, "features">, b: Omit<BatchRow, "features">): number {
  return a.event - b.event || a.available - b.available || a.entry - b.entry;
}

/** The version that counts at t: the greatest of those available by then. */
export function versionAt(rows: readonly BatchRow[], t: Timestamp): BatchRow | null {
  let best: BatchRow | null = null;
  for (const row of rows) if (row.available <= t && (best === null || compareVersions(row, best) > 0)) best = row;
  return best;
}

/** Whether a row of this event time is still served at t. */
export function isAlive(event: Timestamp, t: Timestamp, ttl: number | null): boolean {
  return ttl === null || t - ttl <= event;
}

/** What can still be read at `watermark` or later: the version that counts, and those not yet available. */
export function keepVersions(rows: readonly BatchRow[], watermark: Timestamp): BatchRow[] {
  const current = versionAt(rows, watermark);
  return rows
    .filter(
      (row) =>
        row === current || (row.available > watermark && (current === null || compareVersions(row, current) > 0)),
    )
    .sort(compareVersions);
}

/** Reads the format and how many versions follow. */
function rowsIn(input: ByteReader): number {
  const version = input.u8();
  if (version !== FORMAT)
    throw new AsofError("ASOF_FORMAT", `a batch row has format ${version}; this version reads ${FORMAT}`, { version });
  return input.varint();
}
