import { AsofError } from "../errors.ts";
import type { Row, Value } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { decodeKeyedRequest, encodeKeyedRequest, type KeyedRequest } from "./keyed-request.ts";
import type { RowCodec } from "./row-codec.ts";

/** What a log entry holds, by its `kind`. Part of the stored format. */
export const ENTRY = { records: 1, load: 2, withdrawals: 3, retractions: 4 } as const;

/** A record of a stream: its row, and when it happened. */
export interface StreamRecord {
  readonly event: Timestamp;
  readonly row: Row;
}

const FORMAT = 1;
/** The same with the idempotency key of the request that brought the records, behind the schema. */
const KEYED_FORMAT = 2;

/** The payload of a records entry: version, the schema of the rows, then each record's event time and row. */
export function encodeRecords(
  out: ByteWriter,
  schema: string,
  codec: RowCodec,
  records: readonly StreamRecord[],
  request: KeyedRequest | null = null,
): void {
  out.u8(request === null ? FORMAT : KEYED_FORMAT);
  out.string(schema);
  if (request !== null) encodeKeyedRequest(out, request);
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

/**
 * The same, record by record, of an entry whose schema has this codec: its event time, and its values in the order of the
 * codec's names. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT
 */
export function visitRecords(
  input: ByteReader,
  count: number,
  codec: RowCodec,
  visit: (event: Timestamp, values: readonly Value[], index: number) => void,
): void {
  headOfRecords(input);
  for (let i = 0; i < count; i++) visit(input.zigzag(), codec.decodeValues(input), i);
  input.end();
}

/** Reads the head of a records entry: the schema of its rows. */
export function schemaOfRecords(input: ByteReader): string {
  return headOfRecords(input).schema;
}

/** Reads the head of a records entry: the schema of its rows, and the request that brought them if it had a key. */
export function headOfRecords(input: ByteReader): {
  readonly schema: string;
  readonly request: KeyedRequest | null;
} {
  const version = input.u8();
  if (version !== FORMAT && version !== KEYED_FORMAT)
    throw new AsofError("ASOF_FORMAT", `a log entry has format ${version}; this version reads ${KEYED_FORMAT}`, {
      version,
    });
  // Entries that are read one after the other are mostly of one source.
  lastSchema = input.string(lastSchema);
  return { schema: lastSchema, request: version === KEYED_FORMAT ? decodeKeyedRequest(input) : null };
}

let lastSchema = "";

/** When a record that arrived at `stamp` became available. */
export function availableOf(event: Timestamp, stamp: Timestamp): Timestamp {
  return Math.max(event, stamp);
}
