import { ByteReader } from "../../core/codec/bytes.ts";
import { decodeRecords, ENTRY } from "../../core/codec/record-batch.ts";
import { decodeRetractions } from "../../core/codec/retractions.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { decodeWithdrawals } from "../../core/codec/withdrawals.ts";
import type { KeyCarrier } from "../../core/definition/key-carriers.ts";
import type { EntityKeys } from "../../core/result/forget.ts";
import { sameAcrossWidths } from "../../core/schema/compare.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { EventLog, LogEntry, LogPosition } from "../../ports/event-log.ts";

/** What a part of the log holds of a key. */
export interface FoundInLog {
  /** Records, by their stream. */
  readonly records: ReadonlyMap<string, number>;
  /** What tells of records: withdrawals, retractions that wait, requests to be done anew. */
  readonly traces: number;
}

/** Reads the log at [from, until) for what carries a key. */
export async function findInLog(
  log: EventLog,
  schemas: StreamSchemas,
  { carriers, keys }: { readonly carriers: readonly KeyCarrier[]; readonly keys: EntityKeys },
  { from = 0, until = Infinity }: { readonly from?: LogPosition; readonly until?: LogPosition },
): Promise<FoundInLog> {
  const records = new Map<string, number>();
  let traces = 0;
  for await (const entry of log.read(Math.max(from, log.start))) {
    if (entry.position >= until) break;
    const carrying = carriers.filter(({ matches }) => matches(entry.stream));
    if (carrying.length === 0) continue;
    const carries = (row: Row): boolean =>
      carrying.some(({ columns }) =>
        Object.keys(keys).every((name) => sameAcrossWidths(row[columns[name]], keys[name])),
      );
    const found = rowsOf(entry, schemas).filter(carries).length;
    if (found === 0) continue;
    if (entry.kind === ENTRY.records) records.set(entry.stream, (records.get(entry.stream) ?? 0) + found);
    else traces += found;
  }
  return { records, traces };
}

/** Every row that an entry holds, be it of an id only. */
function rowsOf({ kind, count, payload }: LogEntry, schemas: StreamSchemas): Row[] {
  const input = new ByteReader(payload);
  switch (kind) {
    case ENTRY.records:
      return decodeRecords(input, count, schemas.codecOf).map(({ row }) => row);
    case ENTRY.withdrawals:
      return decodeWithdrawals(input, count, schemas.codecOf).map(({ row }) => row);
    case ENTRY.retractions: {
      const { waiting, redo } = decodeRetractions(input, schemas);
      if (redo === null) return [...waiting];
      return [...waiting, ...(redo.what === "retract" ? redo.ids : redo.records.map(({ row }) => row))];
    }
    default:
      return [];
  }
}
