import {
  aggregateMoments,
  emptyOutput,
  type FeatureOutput,
  type MomentTable,
  outputSize,
  type RecordTable,
} from "../../core/kernel/aggregate-moments.ts";
import { gatherNumbers } from "../../core/kernel/column-buffer.ts";
import { groupByKey } from "../../core/kernel/group.ts";
import type { KeyIndex } from "../../core/kernel/key-index.ts";
import { isPrefixSlot, type KeyedRows, PrefixWindows } from "../../core/kernel/prefix-windows.ts";
import { Prefixes } from "../../core/kernel/prefixes.ts";
import type { AggregateUse } from "../../core/plan/service-plan.ts";
import type { Batch } from "../../core/schema/column.ts";
import { EVENT_TIME, type LayoutFeature } from "../../core/tile/view-layout.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import type { StartTableThread } from "../../ports/table-thread.ts";
import { askedKeys, type AttachedHistory, isWorthFiltering, keyColumns } from "./asked-keys.ts";
import { readRecords } from "./record-reader.ts";
import { SpineQuery } from "./spine-query.ts";
import { MOMENT, type RowRange, type SpineTable } from "./spine-table.ts";

/** Outputs of a use's features by their names; `EVENT_TIME` among them where it was asked for. */
export type UseOutput = ReadonlyMap<string, FeatureOutput>;

/** How many records may be held in memory at once. What is held for long is taken from it. */
export interface RecordBudget {
  records: number;
}

/** Records by the numbers of their keys, all of them there. */
interface KeptRecords {
  readonly keys: KeyIndex;
  readonly table: RecordTable;
}

interface JoinedUse {
  readonly use: AggregateUse;
  /** Computed as the rows of the spine pass. */
  readonly passing: readonly LayoutFeature[];
  readonly windows: PrefixWindows | null;
  /** Computed for a range of rows at once, and held until they pass. */
  readonly held: readonly LayoutFeature[];
}

/**
 * Uses of one aggregate view for the rows of a spine: the engine reads and filters, the kernel does the rest. Where the
 * records fit into the budget they are read once and kept; otherwise they are worked through in parts, each with all
 * records of its keys.
 */
export class AggregateJoin {
  readonly uses: readonly JoinedUse[];
  private readonly history: AttachedHistory;
  private readonly spine: SpineTable;
  private readonly parts: number;
  private readonly kept: KeptRecords | null;

  private constructor(
    uses: readonly JoinedUse[],
    source: { history: AttachedHistory; spine: SpineTable; parts: number },
    kept: KeptRecords | null,
  ) {
    this.uses = uses;
    this.history = source.history;
    this.spine = source.spine;
    this.parts = source.parts;
    this.kept = kept;
  }

  /** Joins of views that share a source: where their records fit into the budget together, one reading does for all. */
  static async prepare(
    session: OfflineSession,
    views: readonly { readonly uses: readonly AggregateUse[]; readonly history: AttachedHistory }[],
    spine: SpineTable,
    options: {
      readonly eventTimes: boolean;
      readonly budget: RecordBudget;
      readonly limit: number;
      readonly threadFrom: number;
      readonly startThread: StartTableThread | null;
    },
  ): Promise<AggregateJoin[]> {
    const { budget, limit } = options;
    const [{ history }] = views;
    if (views.length > 1 && (isWorthFiltering(history, spine) || history.rows * views.length > budget.records)) {
      const joins: AggregateJoin[] = [];
      for (const view of views) joins.push(...(await AggregateJoin.prepare(session, [view], spine, options)));
      return joins;
    }
    const total =
      history.rows * views.length <= budget.records
        ? history.rows
        : await countAsked(session, views[0].uses, history, spine);
    const isKept = total * views.length <= budget.records;
    const parts = isKept ? 1 : Math.ceil(total / limit);
    const wanted = views.map(({ uses }) =>
      uses.map((use) =>
        use.layout.features.filter(({ name }) => (name === EVENT_TIME ? options.eventTimes : name in use.features)),
      ),
    );
    if (!isKept)
      return views.map(
        ({ uses, history }, v) =>
          new AggregateJoin(
            uses.map((use, u) => ({ use, passing: [], windows: null, held: wanted[v][u] })),
            { history, spine, parts },
            null,
          ),
      );
    const asked = views.map(({ uses, history }, v) => ({ uses, history, features: wanted[v].flat() }));
    // Begun before the reading, so that it is there after it.
    const thread = views.length > 1 && history.rows >= options.threadFrom ? (options.startThread?.() ?? null) : null;
    const tables = await readRecords(session, asked, { history, spine, part: 0, parts }, thread);
    const joins: AggregateJoin[] = [];
    for (const [v, { uses, history }] of views.entries()) {
      const kept = { keys: tables[v].keys, table: await tables[v].table };
      budget.records -= kept.table.event.length;
      const { slots } = uses[0].layout;
      const prefixes = new Prefixes(kept.table);
      const joined = uses.map((use, u): JoinedUse => {
        const passing = wanted[v][u].filter(({ slot, elements }) => elements === null && isPrefixSlot(slots[slot]));
        const windows = PrefixWindows.of(passing, slots, prefixes);
        if (windows === null) return { use, passing: [], windows, held: wanted[v][u] };
        return { use, passing, windows, held: wanted[v][u].filter((feature) => !passing.includes(feature)) };
      });
      joins.push(new AggregateJoin(joined, { history, spine, parts }, kept));
    }
    return joins;
  }

  /** How many numbers the outputs held for a row of a range take. */
  get heldColumns(): number {
    return this.uses.flatMap(({ held }) => held).reduce((sum, feature) => sum + outputSize(feature), 0);
  }

  /** The rows of a batch of the spine by the keys of a use. */
  keyed(use: AggregateUse, batch: Batch): KeyedRows {
    const key = this.kept!.keys.find(keyColumns(this.history, use, batch), batch.rows);
    return { rows: batch.rows, key, t: batch.columns[MOMENT].values as Float64Array };
  }

  /** What is held of each use, by row of a range of the spine. */
  async compute(session: OfflineSession, spine: string, range: RowRange): Promise<UseOutput[]> {
    const { layout } = this.uses[0].use;
    const size = range.until - range.from;
    const outputs = this.uses.map(({ use, held }) => emptyOutputs(held, use, size));
    if (this.heldColumns === 0) return outputs;
    const features = this.uses.flatMap(({ held }) => held);
    const uses = this.uses.map(({ use }) => use);
    for (let part = 0; part < this.parts; part++) {
      const source = { ...this.source, part };
      const [records] =
        this.kept === null
          ? await readRecords(session, [{ uses, features, history: this.history }], source)
          : [this.kept];
      const table = await records.table;
      const prefixes = new Prefixes(table);
      const rows = await this.readRows(session, spine, range, records.keys);
      for (const [u, { held }] of this.uses.entries()) {
        const output = (feature: LayoutFeature): FeatureOutput => outputs[u].get(feature.name)!;
        const whole = held.filter(({ slot, elements }) => elements === null && isPrefixSlot(layout.slots[slot]));
        const windows = whole.length === 0 ? null : PrefixWindows.of(whole, layout.slots, prefixes);
        windows?.compute(rows[u], whole.map(output), 0);
        const walked = windows === null ? held : held.filter((feature) => !whole.includes(feature));
        if (walked.length === 0) continue;
        const moments = momentsOf(rows[u], records.keys.size);
        for (const feature of walked)
          aggregateMoments(feature, layout.slots[feature.slot], table, moments, output(feature));
      }
    }
    return outputs;
  }

  private get source(): { history: AttachedHistory; spine: SpineTable; parts: number } {
    const { history, spine, parts } = this;
    return { history, spine, parts };
  }

  /** The rows of a range by the keys of each use. */
  private async readRows(
    session: OfflineSession,
    spine: string,
    range: RowRange,
    keys: KeyIndex,
  ): Promise<KeyedRows[]> {
    const size = range.until - range.from;
    const t = new Float64Array(size);
    const numbers = this.uses.map(() => new Int32Array(size));
    const query = new SpineQuery(spine);
    for (const { use } of this.uses) query.addKeys(use);
    let at = 0;
    for await (const batch of query.read(session, range, this.spine.rows)) {
      t.set((batch.columns[MOMENT].values as Float64Array).subarray(0, batch.rows), at);
      this.uses.forEach(({ use }, u) =>
        numbers[u].set(keys.find(keyColumns(this.history, use, batch), batch.rows), at),
      );
      at += batch.rows;
    }
    return numbers.map((key) => ({ rows: size, key, t }));
  }
}

/** Outputs for some features of a use, filled with what an unknown key answers. */
export function emptyOutputs(
  features: readonly LayoutFeature[],
  { layout }: AggregateUse,
  rows: number,
): Map<string, FeatureOutput> {
  return new Map(features.map((feature) => [feature.name, emptyOutput(feature, layout.slots[feature.slot], rows)]));
}

async function countAsked(
  session: OfflineSession,
  uses: readonly AggregateUse[],
  history: AttachedHistory,
  spine: SpineTable,
): Promise<number> {
  const [{ n }] = await session.rows(`SELECT count(*) AS n FROM ${history.name} r ${askedKeys(history, uses, spine)}`, {
    n: { kind: "int64", nullable: false },
  });
  return Number(n);
}

/** Rows grouped by key, each key's by moment. */
function momentsOf({ rows, key, t }: KeyedRows, keys: number): MomentTable {
  let n = 0;
  for (let i = 0; i < rows; i++) if (key[i] >= 0) n++;
  const asked = { key: new Float64Array(n), t: new Float64Array(n), row: new Float64Array(n) };
  for (let i = 0, at = 0; i < rows; i++) {
    if (key[i] < 0) continue;
    asked.key[at] = key[i];
    asked.t[at] = t[i];
    asked.row[at++] = i;
  }
  const { first, order } = groupByKey(keys, asked.key, asked.t);
  return { first, row: gatherNumbers(asked.row, order), t: gatherNumbers(asked.t, order) };
}
