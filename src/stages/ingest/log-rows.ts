import { ByteReader } from "../../core/codec/bytes.ts";
import { decodeLoad } from "../../core/codec/load-entry.ts";
import { ENTRY, schemaOfRecords } from "../../core/codec/record-batch.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { decodeWithdrawals } from "../../core/codec/withdrawals.ts";
import { type Stream, TARGET } from "../../core/definition/stream.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION } from "../../core/schema/system-columns.ts";
import type { LogEntry, LogPosition, LogReader } from "../../ports/event-log.ts";
import type { OfflineFile } from "../../ports/registry-store.ts";
import { ArchivedRows } from "./archived-rows.ts";
import { loadedFiles } from "./bulk-writer.ts";
import { type RememberedRow, RememberedRows } from "./remembered-rows.ts";
import { unhurried } from "./unhurried.ts";

/** Records held in memory at once while the log is archived. */
export const PORTION = 500_000;

/** Rows of the log between two positions, by stream and schema. */
export interface LogPortion {
  readonly groups: readonly ArchivedRows[];
  readonly from: LogPosition;
  readonly until: LogPosition;
}

/** Reads the log as rows on their way to Parquet. */
export class LogRows {
  private readonly schemas: StreamSchemas;
  private readonly withdrawals: (source: string) => Stream | null;
  /** Those that were met. */
  readonly loads: LoadInLog[] = [];

  /** @param withdrawals where those of a source are kept; null for a source whose records have no id */
  constructor(schemas: StreamSchemas, withdrawals: (source: string) => Stream | null) {
    this.schemas = schemas;
    this.withdrawals = withdrawals;
  }

  /** What lies in [from, cut), in portions that fit in memory. `from` may have been dropped. */
  async *portions(
    log: Pick<LogReader, "start" | "read">,
    from: LogPosition,
    cut: LogPosition,
    rests: () => boolean,
  ): AsyncGenerator<LogPortion> {
    let groups = new Map<string, ArchivedRows>();
    const remembered = new RememberedRows(this.schemas, this.withdrawals);
    let held = 0;
    let start = from;
    let until = from;
    for await (const entry of unhurried(log.read(Math.max(from, log.start)), rests)) {
      if (entry.position >= cut) break;
      until = entry.position + entry.count;
      if (entry.kind === ENTRY.load) this.loads.push(loadIn(entry));
      held += this.gather(entry, groups, remembered);
      if (held < PORTION) continue;
      yield { groups: [...groups.values()], from: start, until };
      groups = new Map();
      held = 0;
      start = until;
    }
    if (held > 0) yield { groups: [...groups.values()], from: start, until };
  }

  /** Adds what an entry holds to the groups; gives how many rows. */
  private gather(entry: LogEntry, groups: Map<string, ArchivedRows>, remembered: RememberedRows): number {
    const { stream, kind, count, payload } = entry;
    const beside = remembered.of(entry);
    let gathered = 0;
    if (kind === ENTRY.records) {
      const schema = schemaOfRecords(new ByteReader(payload));
      const group = groupOf(groups, { name: stream, schema, fields: this.schemas.fieldsOf(schema) });
      group.addRecords(entry, this.schemas.codecOf(schema));
      gathered = count;
    }
    const to = kind === ENTRY.withdrawals ? this.withdrawals(stream) : null;
    if (to !== null) gathered = this.gatherWithdrawals(entry, to, groups, remembered, beside);
    for (const { to: other, row } of beside) groupOf(groups, other).add(row);
    return gathered + beside.length;
  }

  private gatherWithdrawals(
    entry: LogEntry,
    to: Stream,
    groups: Map<string, ArchivedRows>,
    remembered: RememberedRows,
    beside: RememberedRow[],
  ): number {
    const { position, count, payload } = entry;
    const group = groupOf(groups, to);
    const before = group.rows;
    for (const [i, withdrawal] of decodeWithdrawals(new ByteReader(payload), count, this.schemas.codecOf).entries()) {
      const { origin, row, target, event, withdrawn } = withdrawal;
      // What was never visible is in no file that it could be taken from.
      if (origin === "nowhere") {
        beside.push(remembered.met(entry, to, withdrawal, position + i));
        continue;
      }
      const id = Object.keys(to.fields).map((name) => [name, name === TARGET ? BigInt(target) : row[name]]);
      group.add({
        ...(Object.fromEntries(id) as Row),
        [EVENT]: event,
        [AVAILABLE]: withdrawn,
        [POSITION]: BigInt(position + i),
      });
    }
    return group.rows - before;
  }
}

/** What a load in the log brought. */
export interface LoadInLog {
  readonly position: LogPosition;
  readonly files: readonly OfflineFile[];
  readonly notes: Readonly<Record<string, string>>;
}

/** Of an entry that is a load. @throws ASOF_CORRUPT, ASOF_FORMAT */
export function loadIn({ stream, position, payload }: LogEntry): LoadInLog {
  const { files, notes = {} } = decodeLoad(payload);
  return { position, files: loadedFiles(stream, position, files), notes };
}

function groupOf(groups: Map<string, ArchivedRows>, { name, schema, fields }: Stream): ArchivedRows {
  const id = `${name} ${schema}`;
  let group = groups.get(id);
  if (group === undefined) groups.set(id, (group = new ArchivedRows(name, fields)));
  return group;
}
