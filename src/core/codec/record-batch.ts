import { AsofError } from "../errors.ts";
import type { Row } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { RowCodec } from "./row-codec.ts";

/** What a log entry holds, by its `kind`. Part of the stored format. */
export const ENTRY = { records: 1, load: 2, withdrawals: 3 } as const;

/** A record of a stream: its row, and when it happened. */
export interface StreamRecord {
  readonly event: Timestamp;
  readonly row: Row;
}

const FORMAT = 1;

/** The payload of a records entry: version, the schema of the rows, then each record's event time and row. */
export function encodeRecords(
  out: ByteWriter,
  schema: string,
  codec: RowCodec,
  records: readonly StreamRecord[],
): void {
  out.u8(FORMAT);
  out.string(schema);
  for (const { event, row } of records) {
    out.zigzag(event);
    codec.encode(out, row);
  }
}

/**
 * Reads the payload of a records entry, to the end; `codecOf` gives the codec of the schema that wrote it.
 * @throws AsofError ASOF_CORRUPT, ASOF_FORMAT
 */
export function decodeRecords(input: ByteReader, count: number, codecOf: (schema: string) => RowCodec): StreamRecord[] {
  const codec = codecOf(schemaOfRecords(input));
  const records: StreamRecord[] = [];
  for (let i = 0; i < count; i++) records.push({ event: input.zigzag(), row: codec.decode(input) });
  input.end();
  return records;
}

/** Reads the head of a records entry: the schema of its rows. */
export function schemaOfRecords(input: ByteReader): string {
  const version = input.u8();
  if (version !== FORMAT)
    throw new AsofError("ASOF_FORMAT", `a log entry has format ${version}; this version reads ${FORMAT}`, { version });
  return input.string();
}

/** When a record that arrived at `stamp` became available. */
export function availableOf(event: Timestamp, stamp: Timestamp): Timestamp {
  return Math.max(event, stamp);
}
