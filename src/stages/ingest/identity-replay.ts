import { ByteReader } from "../../core/codec/bytes.ts";
import type { KeyedRequest } from "../../core/codec/keyed-request.ts";
import { decodeLoad } from "../../core/codec/load-entry.ts";
import { decodeRecords, ENTRY, headOfRecords, schemaOfRecords } from "../../core/codec/record-batch.ts";
import { decodeRetractions, positionsOf, type Redo } from "../../core/codec/retractions.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { decodeWithdrawals, schemaOfWithdrawals } from "../../core/codec/withdrawals.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import type { EventLog, LogEntry, LogPosition } from "../../ports/event-log.ts";
import type { Identities } from "./identities.ts";
import { remember } from "./requests.ts";
import { contentUnder, identityOf, type SourceIdentity } from "./source-identity.ts";
import { WorkingIdentities } from "./working-identities.ts";

/** A request of which the log holds a part only: the last, cut short by a crash. */
export interface Unfinished {
  readonly source: SourceIdentity;
  readonly redo: Redo;
}

/** The beginning of a request's entries in the log. */
interface Head extends Unfinished {
  readonly request: KeyedRequest | null;
  readonly end: LogPosition;
}

interface Parts {
  readonly log: EventLog;
  readonly schemas: StreamSchemas;
  readonly sources: ReadonlyMap<string, SourceDefinition>;
  /** Brings the rows of a load into the index. */
  readonly load: (source: SourceIdentity, position: LogPosition) => Promise<void>;
}

/** Brings the index up to the end of the log, which must stand still meanwhile. */
export async function replayIdentities(identities: Identities, parts: Parts): Promise<Unfinished | null> {
  const { log, sources } = parts;
  const release = identities.hold(identities.position);
  let last: Head | null = null;
  try {
    for await (const entry of log.read(Math.max(identities.position, log.start))) {
      const source = sources.get(entry.stream);
      if (source === undefined || entry.position + entry.count <= identities.position) continue;
      const head = await apply(identities, source, entry, parts);
      // A request is answered with where its records are.
      if (last?.request && entry.position < last.end) remember(identities, source, last.request, entry);
      if (head !== null) last = head;
      await identities.flushSome();
    }
  } finally {
    release();
  }
  return last !== null && last.end > log.end ? last : null;
}

async function apply(
  index: Identities,
  definition: SourceDefinition,
  entry: LogEntry,
  { load, schemas }: Parts,
): Promise<Head | null> {
  const { position, stamp, count, kind } = entry;
  const source = identityOf(definition);
  const input = new ByteReader(entry.payload);
  switch (kind) {
    case ENTRY.records: {
      const { request } = headOfRecords(input);
      if (request !== null) remember(index, definition, request, entry);
      if (source === null) return null;
      const records = decodeRecords(new ByteReader(entry.payload), count, schemas.codecOf);
      const rows = records.map(({ row }) => row);
      const working = await WorkingIdentities.of(source, index, rows);
      const schema = schemaOfRecords(new ByteReader(entry.payload));
      working.records(records, { position, stamp }, contentUnder(schema, schemas.codecOf(schema)));
      working.put(index);
      return null;
    }
    case ENTRY.load: {
      const { request } = decodeLoad(entry.payload);
      if (request !== undefined) remember(index, definition, request, entry);
      if (source !== null) await load(source, position);
      return null;
    }
    case ENTRY.withdrawals: {
      if (source === null) return null;
      const withdrawals = decodeWithdrawals(input, count, schemas.codecOf);
      const schema = schemaOfWithdrawals(new ByteReader(entry.payload));
      const working = await WorkingIdentities.of(
        source,
        index,
        withdrawals.map(({ row }) => row),
      );
      working.withdrawals(withdrawals, contentUnder(schema, schemas.codecOf(schema)));
      working.put(index);
      return null;
    }
    case ENTRY.retractions: {
      const head = decodeRetractions(input, schemas);
      if (head.request !== null) remember(index, definition, head.request, entry);
      if (source === null) return null;
      const working = await WorkingIdentities.of(source, index, head.waiting);
      working.waiting(head.waiting, { position, stamp });
      working.put(index);
      return head.redo === null
        ? null
        : { source, redo: head.redo, request: head.request, end: position + positionsOf(head) + head.follow };
    }
    default:
      return null;
  }
}
