import { ByteReader, ByteWriter } from "../../core/codec/bytes.ts";
import { contentDigest } from "../../core/codec/content-digest.ts";
import type { KeyedRequest } from "../../core/codec/keyed-request.ts";
import { decodeLoad } from "../../core/codec/load-entry.ts";
import { ENTRY, headOfRecords } from "../../core/codec/record-batch.ts";
import { decodeRetractions, positionsOf } from "../../core/codec/retractions.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { schemaOfWithdrawals, type Withdrawal } from "../../core/codec/withdrawals.ts";
import {
  REMEMBERED,
  rememberedStream,
  REQUEST,
  requestsStream,
  type Stream,
  TARGET,
} from "../../core/definition/stream.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION } from "../../core/schema/system-columns.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogEntry, LogPosition } from "../../ports/event-log.ts";

/** A row of what is remembered beside the records: with it the index of identities can be made again. */
export interface RememberedRow {
  readonly to: Stream;
  readonly row: Row;
}

/** Gathers, entry after entry, what the log tells of ids and requests and no file of records holds. */
export class RememberedRows {
  private readonly schemas: StreamSchemas;
  private readonly withdrawals: (source: string) => Stream | null;
  private readonly out = new ByteWriter();
  /** The request of the last retractions entry, and where its entries end: it is answered with where its records are. */
  private last: { readonly request: KeyedRequest; readonly end: LogPosition } | null = null;

  constructor(schemas: StreamSchemas, withdrawals: (source: string) => Stream | null) {
    this.schemas = schemas;
    this.withdrawals = withdrawals;
  }

  /** Of an entry; what withdrawals tell beside their request, `met` gives. */
  of(entry: LogEntry): RememberedRow[] {
    const { stream, kind, position, stamp, payload } = entry;
    const rows: RememberedRow[] = [];
    if (this.last !== null && position < this.last.end) rows.push(requestRow(stream, this.last.request, entry));
    const input = new ByteReader(payload);
    let request: KeyedRequest | null = null;
    if (kind === ENTRY.records) ({ request } = headOfRecords(input));
    else if (kind === ENTRY.load) request = decodeLoad(payload).request ?? null;
    else if (kind === ENTRY.retractions) {
      const head = decodeRetractions(input, this.schemas);
      ({ request } = head);
      if (request !== null) this.last = { request, end: position + positionsOf(head) + head.follow };
      const to = this.withdrawals(stream);
      if (to !== null)
        for (const [i, id] of head.waiting.entries())
          rows.push(
            rememberedRow(to, id, { waiting: stamp + i, digest: null, known: stamp + i, position: position + i }),
          );
    }
    if (request !== null) rows.push(requestRow(stream, request, entry));
    return rows;
  }

  /** Of a record that came after its own withdrawal. */
  met({ payload, stamp }: LogEntry, to: Stream, { row }: Withdrawal, position: LogPosition): RememberedRow {
    this.out.reset();
    this.schemas.codecOf(schemaOfWithdrawals(new ByteReader(payload))).encode(this.out, row);
    return rememberedRow(to, row, { waiting: null, digest: contentDigest(this.out.view()), known: stamp, position });
  }
}

/** What is remembered of an id; `withdrawals` is the stream of its source's withdrawals, and `row` has the `id` fields. */
export function rememberedRow(
  withdrawals: Stream,
  row: Row,
  fact: {
    readonly waiting: Timestamp | null;
    readonly digest: string | null;
    readonly known: Timestamp;
    readonly position: LogPosition;
  },
): RememberedRow {
  const id = Object.keys(withdrawals.fields).filter((name) => name !== TARGET);
  return {
    to: rememberedStream(withdrawals),
    row: {
      ...(Object.fromEntries(id.map((name) => [name, row[name]])) as Row),
      [REMEMBERED.waiting]: fact.waiting,
      [REMEMBERED.digest]: fact.digest,
      [EVENT]: fact.known,
      [AVAILABLE]: fact.known,
      [POSITION]: BigInt(fact.position),
    },
  };
}

function requestRow(
  source: string,
  { key, count, digest }: KeyedRequest,
  { position, stamp }: Pick<LogEntry, "position" | "stamp">,
): RememberedRow {
  return {
    to: requestsStream(source),
    row: {
      [REQUEST.key]: key,
      [REQUEST.count]: BigInt(count),
      [REQUEST.digest]: digest,
      [EVENT]: stamp,
      [AVAILABLE]: stamp,
      [POSITION]: BigInt(position),
    },
  };
}
