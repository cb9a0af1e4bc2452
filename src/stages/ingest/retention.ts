import { decodeDropped, DROPPED, type DroppedDays, encodeDropped } from "../../core/codec/dropped-history.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import { withdrawalStream } from "../../core/definition/stream.ts";
import { DAY, type Timestamp } from "../../core/time/timestamp.ts";
import { floorTo } from "../../core/time/window.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";
import type { BulkWriter } from "./bulk-writer.ts";
import type { Identities } from "./identities.ts";
import type { RetiredFiles } from "./retired-files.ts";

/** What is kept for a time only: records of a source, or what a model served. */
export interface Kept {
  readonly stream: string;
  readonly retention: number;
  /** Where it is kept what was withdrawn of its records; null where they have no id. */
  readonly withdrawals: string | null;
}

export interface DropOutcome {
  readonly stream: string;
  /** All records whose event is at or after it are held. */
  readonly horizon: Timestamp;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
}

/** A stream of which days are to be dropped. */
export interface Expired {
  readonly kept: Kept;
  /** Files of its records of days before what it keeps. */
  readonly records: readonly OfflineFile[];
  /** Files of what was withdrawn of these. */
  readonly withdrawn: readonly OfflineFile[];
}

/** Of a source; null where it keeps everything. */
export function keptOf(source: SourceDefinition): Kept | null {
  const { name, retention } = source;
  if (retention === undefined) return null;
  return { stream: name, retention, withdrawals: withdrawalStream(source)?.name ?? null };
}

/** What a source that keeps records for so long need not hold at a moment: events before the beginning of this day. */
export function keptFrom(retention: number, t: Timestamp): Timestamp {
  return floorTo(t - retention, DAY);
}

/** What of a source's files is older than a retention keeps at a moment. */
export function expiredOf(
  files: readonly OfflineFile[],
  retention: number,
  t: Timestamp,
): { before: Timestamp; days: number; rows: number; bytes: number } {
  const before = keptFrom(retention, t);
  const old = files.filter(({ maxEvent }) => maxEvent < before);
  return {
    before,
    days: new Set(old.map(({ maxEvent }) => floorTo(maxEvent, DAY))).size,
    rows: old.reduce((sum, { rows }) => sum + rows, 0),
    bytes: old.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** Drops days of history that are older than what their source keeps. Only whole files go: each is of one day. */
export class Retention {
  private readonly registry: RegistryStore;
  private readonly bulk: BulkWriter;
  private readonly identities: Identities;
  private readonly retired: RetiredFiles;

  constructor(parts: { registry: RegistryStore; bulk: BulkWriter; identities: Identities; retired: RetiredFiles }) {
    this.registry = parts.registry;
    this.bulk = parts.bulk;
    this.identities = parts.identities;
    this.retired = parts.retired;
  }

  /** What there is to drop at a moment, or to forget of ids after an interruption. */
  async expired(streams: Iterable<Kept>, t: Timestamp): Promise<Expired[]> {
    const dropped = decodeDropped(await this.registry.note(DROPPED));
    const all: Expired[] = [];
    for (const kept of streams) {
      const { stream, retention, withdrawals } = kept;
      const before = keptFrom(retention, t);
      const old = async (of: string): Promise<OfflineFile[]> =>
        (await this.registry.files(of)).filter(({ maxEvent }) => maxEvent < before);
      const one: Expired = {
        kept,
        records: await old(stream),
        withdrawn: withdrawals === null ? [] : await old(withdrawals),
      };
      const known = dropped[stream];
      const isBehind = withdrawals !== null && known !== undefined && known.identified !== known.horizon;
      if (one.records.length + one.withdrawn.length > 0 || isBehind) all.push(one);
    }
    return all;
  }

  /**
   * Takes files from the list and notes from when on all is held, in one step; then the records before that are
   * forgotten in the index of ids, and the files are left to be removed.
   */
  async drop({ kept, records, withdrawn }: Expired, t: Timestamp): Promise<DropOutcome> {
    const { stream, retention, withdrawals } = kept;
    const sum = (of: (file: OfflineFile) => number): number => records.reduce((total, file) => total + of(file), 0);
    const counted = { files: records.length, rows: sum(({ rows }) => rows), bytes: sum(({ bytes }) => bytes) };
    const paths = [...records, ...withdrawn].map(({ path }) => path);
    // Where no record went, nothing of what was held is missing.
    const last = records.reduce((newest, { maxEvent }) => Math.max(newest, maxEvent), -Infinity);
    if (paths.length > 0)
      await this.bulk.exclusively(async () => {
        const all = decodeDropped(await this.registry.note(DROPPED));
        const before = all[stream] ?? NOTHING;
        const noted: DroppedDays = {
          horizon: Math.max(before.horizon, floorTo(last, DAY) + DAY),
          identified: before.identified,
          files: before.files + counted.files,
          rows: before.rows + counted.rows,
          bytes: before.bytes + counted.bytes,
          at: t,
        };
        const notes = records.length === 0 ? {} : { [DROPPED]: encodeDropped({ ...all, [stream]: noted }) };
        await this.registry.changeFiles({ add: [], remove: paths, notes });
      });
    this.retired.add(paths);
    const horizon = decodeDropped(await this.registry.note(DROPPED))[stream]?.horizon ?? null;
    if (withdrawals !== null && horizon !== null) await this.forgetIds(stream, horizon);
    return { stream, horizon: horizon ?? keptFrom(retention, t), ...counted };
  }

  /** Forgets ids of records that are not held any more; goes through all of them, once for each horizon. */
  private async forgetIds(source: string, horizon: Timestamp): Promise<void> {
    const isDone = decodeDropped(await this.registry.note(DROPPED))[source].identified === horizon;
    if (isDone) return;
    await this.identities.forgetBefore(source, horizon);
    await this.bulk.exclusively(async () => {
      const all = decodeDropped(await this.registry.note(DROPPED));
      await this.registry.setNote(
        DROPPED,
        encodeDropped({ ...all, [source]: { ...all[source], identified: horizon } }),
      );
    });
  }
}

const NOTHING: DroppedDays = { horizon: -Infinity, identified: null, files: 0, rows: 0, bytes: 0, at: 0 };
