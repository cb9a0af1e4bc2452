import { ByteReader } from "../../core/codec/bytes.ts";
import { decodeLoad } from "../../core/codec/load-entry.ts";
import { ENTRY, schemaOfRecords } from "../../core/codec/record-batch.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { decodeWithdrawals } from "../../core/codec/withdrawals.ts";
import { type Stream, TARGET } from "../../core/definition/stream.ts";
import { OneByOne } from "../../core/one-by-one.ts";
import { HISTORY, PINNED, STAGING } from "../../core/plan/folders.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION } from "../../core/schema/system-columns.ts";
import type { EventLog, LogEntry, LogPosition } from "../../ports/event-log.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";
import { ArchivedRows } from "./archived-rows.ts";
import { type BulkWriter, loadedFiles } from "./bulk-writer.ts";
import { type RememberedRow, RememberedRows } from "./remembered-rows.ts";
import { unhurried } from "./unhurried.ts";

export interface ArchiveOutcome {
  readonly records: number;
  readonly files: number;
  readonly bytes: number;
}

/** Moves records from the log into Parquet, and drops what every reader is done with. */
export class Archiver {
  private readonly engine: OfflineEngine;
  private readonly log: EventLog;
  private readonly registry: RegistryStore;
  private readonly files: FileStore;
  private readonly bulk: BulkWriter;
  private readonly schemas: StreamSchemas;
  private readonly withdrawals: (source: string) => Stream | null;
  private readonly runs = new OneByOne();

  constructor(parts: {
    engine: OfflineEngine;
    log: EventLog;
    registry: RegistryStore;
    files: FileStore;
    bulk: BulkWriter;
    schemas: StreamSchemas;
    /** Where the withdrawals of a source are kept; null for a source whose records have no id. */
    withdrawals: (source: string) => Stream | null;
  }) {
    this.engine = parts.engine;
    this.log = parts.log;
    this.registry = parts.registry;
    this.files = parts.files;
    this.bulk = parts.bulk;
    this.schemas = parts.schemas;
    this.withdrawals = parts.withdrawals;
  }

  /** Finishes what a crash interrupted: loads that are in the log count, files that nothing refers to go. */
  async recover(): Promise<void> {
    await this.files.remove(STAGING);
    await this.files.remove(PINNED);
    const { applied } = await this.registry.offlineState();
    const loads: LoadInLog[] = [];
    for await (const entry of this.log.read(Math.max(applied, this.log.start)))
      if (entry.kind === ENTRY.load) loads.push(loadIn(entry));
    await this.registry.changeFiles({ ...(await this.missing(loads, applied)), remove: [], applied: this.log.end });
    const known = new Set((await this.registry.files()).map(({ path }) => `${HISTORY}/${path}`));
    for (const { file } of await this.files.list(HISTORY)) if (!known.has(file)) await this.files.remove(file);
  }

  /**
   * Brings the records below `cut` into Parquet; `id` names the files. One run at a time. Then whole segments of the
   * log below `needed()` are dropped, and below what was archived.
   * @param isAside whether nobody waits for it, so that it may rest for the sake of requests
   */
  archive(id: string, cut: LogPosition, needed: () => LogPosition, isAside: () => boolean): Promise<ArchiveOutcome> {
    return this.runs.run(() => this.run(id, cut, needed, isAside));
  }

  private async run(
    id: string,
    cut: LogPosition,
    needed: () => LogPosition,
    isAside: () => boolean,
  ): Promise<ArchiveOutcome> {
    const { archived, applied } = await this.registry.offlineState();
    const loads: LoadInLog[] = [];
    const added: OfflineFile[] = [];
    const session = await this.engine.session();
    // Where much has gathered, more comes than would go.
    const rests = (): boolean => cut - archived <= PORTION && isAside();
    let records = 0;
    try {
      for await (const { groups, from, until } of this.portions(archived, cut, loads, rests))
        for (const [i, group] of groups.entries()) {
          records += group.rows;
          const table = "asof_archive";
          await session.table(table, group.columns, group.batches(rests));
          const load = {
            stream: group.stream,
            id: `${id}-${from}-${i}`,
            fields: Object.keys(group.fields),
            sql: `SELECT * FROM ${table}`,
          };
          for (const file of await this.bulk.place(session, load))
            added.push({ ...file, stream: group.stream, kind: "archive", position: from, end: until });
          await session.run(`DROP TABLE ${table}`);
        }
    } finally {
      await session.close();
    }
    await this.bulk.exclusively(async () => {
      const { add, notes } = await this.missing(loads, applied);
      await this.registry.changeFiles({ add: [...added, ...add], notes, remove: [], archived: cut, applied: cut });
    });
    await this.log.dropBefore(Math.min(cut, needed()));
    return { records, files: added.length, bytes: added.reduce((sum, file) => sum + file.bytes, 0) };
  }

  /** The log in portions that fit in memory, by stream and schema; loads are added to `loads`. */
  private async *portions(
    from: LogPosition,
    cut: LogPosition,
    loads: LoadInLog[],
    rests: () => boolean,
  ): AsyncGenerator<{ groups: ArchivedRows[]; from: LogPosition; until: LogPosition }> {
    let groups = new Map<string, ArchivedRows>();
    const remembered = new RememberedRows(this.schemas, this.withdrawals);
    let held = 0;
    let start = from;
    let until = from;
    for await (const entry of unhurried(this.log.read(Math.max(from, this.log.start)), rests)) {
      if (entry.position >= cut) break;
      until = entry.position + entry.count;
      if (entry.kind === ENTRY.load) loads.push(loadIn(entry));
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

  /** What of loads in the log the registry does not list, which lists those below a position. */
  private async missing(
    loads: readonly LoadInLog[],
    applied: LogPosition,
  ): Promise<{
    readonly add: readonly OfflineFile[];
    readonly notes: Readonly<Record<string, string>>;
  }> {
    const known = new Set((await this.registry.files()).map(({ path }) => path));
    const left = loads.filter(({ position }) => position >= applied);
    return {
      add: left.flatMap(({ files }) => files.filter(({ path }) => !known.has(path))),
      notes: Object.assign({}, ...left.map(({ notes }) => notes)) as Record<string, string>,
    };
  }
}

/** What a load in the log brought. */
interface LoadInLog {
  readonly position: LogPosition;
  readonly files: readonly OfflineFile[];
  readonly notes: Readonly<Record<string, string>>;
}

/** Of an entry that is a load. @throws ASOF_CORRUPT, ASOF_FORMAT */
function loadIn({ stream, position, payload }: LogEntry): LoadInLog {
  const { files, notes = {} } = decodeLoad(payload);
  return { position, files: loadedFiles(stream, position, files), notes };
}

/** Records held in memory at once while the log is archived. */
const PORTION = 500_000;

function groupOf(groups: Map<string, ArchivedRows>, { name, schema, fields }: Stream): ArchivedRows {
  const id = `${name} ${schema}`;
  let group = groups.get(id);
  if (group === undefined) groups.set(id, (group = new ArchivedRows(name, fields)));
  return group;
}
