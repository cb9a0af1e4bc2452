import { AsofError } from "../../core/errors.ts";
import { type BatchRow, decodeBatchRows, encodeBatchRows, keepVersions } from "../../core/codec/batch-rows.ts";
import { ByteReader, ByteWriter } from "../../core/codec/bytes.ts";
import { entityKeyEncoder, headKey } from "../../core/codec/online-keys.ts";
import type { BuildingView, OnlineView, OnlineViews } from "../../core/codec/online-meta.ts";
import { rowCodec } from "../../core/codec/row-codec.ts";
import type { AggregateViewDefinition, BatchViewDefinition } from "../../core/definition/data.ts";
import type { Stream } from "../../core/definition/stream.ts";
import { OneByOne } from "../../core/one-by-one.ts";
import type { MaterializeOutcome } from "../../core/result/outcomes.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import { rowAt } from "../../core/schema/column.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import { type Contribution, KeyState } from "../../core/tile/key-state.ts";
import { levelStart } from "../../core/tile/view-layout.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";
import type { Fold } from "./fold.ts";
import type { KeyName } from "./key-cache.ts";
import type { FoldedView } from "./view-batch.ts";
import { AVAILABLE, EVENT } from "../../core/schema/system-columns.ts";
import type { History } from "./history.ts";
import { keyText, ViewState } from "./view-state.ts";

/** A view with what it rests on, ready to be materialized. */
export type MaterializableView =
  | {
      readonly view: AggregateViewDefinition;
      readonly fingerprint: string;
      readonly keys: Fields;
      readonly source: Stream;
      readonly stream: string;
    }
  | {
      readonly view: BatchViewDefinition;
      readonly fingerprint: string;
      readonly keys: Fields;
      readonly stream: string;
    };

/** A cut through the log, and a moment at which everything below it, and nothing else, can be visible. */
export interface Cut {
  readonly position: LogPosition;
  readonly t: Timestamp;
}

type AggregateTarget = Extract<MaterializableView, { readonly source: Stream }>;
type BatchTarget = Exclude<MaterializableView, AggregateTarget>;

/** Keys written in one commit while a state is built. */
const COMMIT_KEYS = 2_000;
/** A batch view's new rows are merged in one commit up to this many keys; beyond it a new state is built. */
const MERGED_KEYS = 200_000;

interface Counted {
  keys: number;
  records: number;
  /** Written to the online store, keys and values. */
  bytes: number;
}

/**
 * Brings views from history into the online store. A state is built aside, as of one position of the log, then
 * caught up with what the fold did meanwhile, and switched in by one commit: no gap, nothing twice, and readers see
 * either the old state or the new one. What was interrupted goes on where it stopped.
 */
export class Materializer {
  private readonly store: OnlineStore;
  private readonly fold: Fold;
  private readonly history: History;
  private readonly clock: Clock;
  private readonly cut: () => Promise<Cut>;
  private readonly changes = new OneByOne();
  /** The views of the store, as they were last given. */
  private all: readonly MaterializableView[] = [];

  constructor(parts: { store: OnlineStore; fold: Fold; history: History; clock: Clock; cut: () => Promise<Cut> }) {
    this.store = parts.store;
    this.fold = parts.fold;
    this.history = parts.history;
    this.clock = parts.clock;
    this.cut = parts.cut;
    this.fold.reopened = () => this.followPresent(this.all);
  }

  /** Makes the fold follow those of the store's views that are still wanted; removes the states of the others. */
  follow(wanted: readonly MaterializableView[]): Promise<void> {
    return this.changes.run(() => this.followWanted(wanted));
  }

  /** Brings one view up to date, after what is under way; `all` are the views of the store. */
  materialize(
    view: MaterializableView,
    all: readonly MaterializableView[],
    options: WorkOptions,
  ): Promise<MaterializeOutcome> {
    return this.changes.run(() => this.bringUpToDate(view, all, options));
  }

  /** Gives up the states that are being built: what they have read of history may be there no longer. */
  abandon(): Promise<void> {
    return this.changes.run(async () => {
      const { building } = this.fold.views;
      if (building.length > 0) await this.change({ building: [] });
      await this.fold.clearRemoved();
    });
  }

  /** Builds the state of a view anew from history as it is now; false, and nothing is done, where it has none. */
  rebuild(view: MaterializableView, all: readonly MaterializableView[], options: WorkOptions): Promise<boolean> {
    return this.changes.run(async () => {
      if (!this.fold.views.views.some(({ fingerprint }) => fingerprint === view.fingerprint)) return false;
      const begun = await this.begin(view, await this.cut());
      await this.build(view, all, begun, options, { keys: 0, records: 0, bytes: 0 });
      return true;
    });
  }

  private async followWanted(wanted: readonly MaterializableView[]): Promise<void> {
    const isWanted = ({ fingerprint }: OnlineView): boolean => wanted.some((view) => view.fingerprint === fingerprint);
    const { views, building } = this.fold.views;
    const dropped = [...views, ...building].filter((view) => !isWanted(view));
    if (dropped.length > 0) await this.change({ views: views.filter(isWanted), building: building.filter(isWanted) });
    this.followPresent(wanted);
    await this.fold.clearRemoved();
  }

  private async bringUpToDate(
    view: MaterializableView,
    all: readonly MaterializableView[],
    options: WorkOptions,
  ): Promise<MaterializeOutcome> {
    const began = this.clock.elapsed();
    await this.fold.startAnewWhereLost();
    const cut = await this.cut();
    const loads = await this.history.loadedUntil([view.stream], cut.position);
    const present = (): OnlineView | undefined =>
      this.fold.views.views.find(({ fingerprint }) => fingerprint === view.fingerprint);
    const counted: Counted = { keys: 0, records: 0, bytes: 0 };
    let how: MaterializeOutcome["how"] = "unchanged";
    for (let found = present(); found === undefined || found.loads < loads; found = present()) {
      const resumed = this.fold.views.building.find(({ fingerprint }) => fingerprint === view.fingerprint);
      how = resumed !== undefined ? "resumed" : found === undefined ? "built" : "updated";
      const merged = found !== undefined && isBatch(view) && (await this.mergeRows(view, found, cut, options, counted));
      if (!merged) await this.build(view, all, resumed ?? (await this.begin(view, cut)), options, counted);
    }
    return { view: view.view.name, ...counted, position: present()!.loads, how, seconds: this.clock.elapsed() - began };
  }

  private async begin(view: MaterializableView, cut: Cut): Promise<BuildingView> {
    const { nextState, building } = this.fold.views;
    const begun: BuildingView = {
      name: view.view.name,
      fingerprint: view.fingerprint,
      state: nextState,
      loads: cut.position,
      t: cut.t,
      after: null,
    };
    await this.change({ nextState: nextState + 1, building: [...building, begun] });
    return begun;
  }

  private async build(
    view: MaterializableView,
    all: readonly MaterializableView[],
    begun: BuildingView,
    options: WorkOptions,
    counted: Counted,
  ): Promise<void> {
    await (isBatch(view)
      ? this.buildRows(view, begun, options, counted)
      : this.buildTiles(view, begun, options, counted));
    // The fold must not come upon records that the new state holds already.
    await this.fold.settled();
    await this.fold.pausedWhile(async () => {
      const { t, after: _, caught, ...online } = begun;
      const watermark = Math.max(this.fold.watermark, t);
      if (!isBatch(view))
        await this.fold.catchUp(
          folded(view, online),
          caught ?? online.loads,
          this.fold.position,
          watermark,
          (changes, end) => this.caughtUp(online.state, changes, end),
        );
      const { nextState, views, building } = this.fold.views;
      await this.fold.switchViews(
        {
          nextState,
          views: [...views.filter(({ name }) => name !== online.name), online],
          building: building.filter(({ state }) => state !== online.state),
        },
        { position: this.fold.position, watermark },
        [],
      );
      this.followPresent(all);
    });
    await this.fold.clearRemoved();
  }

  /** Commits what a state that is being built has caught up with, and how far that reaches. */
  private caughtUp(state: number, changes: readonly Put[], end: LogPosition): Promise<void> {
    const { nextState, views, building } = this.fold.views;
    const next = building.map((one) => (one.state === state ? { ...one, caught: end } : one));
    const { position, watermark } = this.fold;
    return this.fold.switchViews({ nextState, views, building: next }, { position, watermark }, changes);
  }

  private async buildTiles(
    view: AggregateTarget,
    begun: BuildingView,
    options: WorkOptions,
    counted: Counted,
  ): Promise<void> {
    const { state } = folded(view, begun);
    const since = Math.min(...state.layout.levels.map((level) => levelStart(level, begun.t)));
    const { columns: read, orderColumns } = state.layout;
    const columns = [...new Set([...Object.values(view.view.keys), ...read, ...(orderColumns ?? [])])];
    let group: { name: KeyName; entity: Uint8Array; row: Row; records: Contribution[] } | null = null;
    let changes: Put[] = [];
    let written = 0;
    let last: Row | null = null;
    const flush = async (): Promise<void> => {
      if (group !== null) {
        const key = KeyState.empty(state.layout);
        key.add(state.layout, group.records, begun.t);
        if (state.save(group.entity, key, begun.t, false, changes) > 0) counted.keys++;
        last = group.row;
        written++;
      }
      if (written < COMMIT_KEYS && group !== null) return;
      counted.bytes += sizeOf(changes);
      await this.store.commit(changes);
      changes = [];
      written = 0;
      if (last !== null) await this.progressed(begun, keysOf(view.view.keys, last));
    };
    const range = { cut: begun.loads, since, after: begun.after === null ? null : (parseJson(begun.after) as Row) };
    for await (const batch of this.history.keyed(view.view, columns, range, options.signal)) {
      const events = batch.columns[EVENT].values as Float64Array;
      const available = batch.columns[AVAILABLE].values as Float64Array;
      for (let i = 0; i < batch.rows; i++) {
        const row = rowAt(batch, i);
        const name = state.nameOf(row);
        if (name === null) continue;
        if (group === null || !Object.is(group.name, name)) {
          if (group !== null) await flush();
          group = { name, entity: state.entityOf(row)!, row, records: [] };
        }
        group.records.push(state.contribution(row, events[i], available[i]));
        counted.records++;
      }
      options.onProgress?.({ phase: `materialize ${begun.name}`, done: counted.records, total: null, unit: "rows" });
    }
    if (group !== null) await flush();
    group = null;
    await flush();
  }

  private async progressed(begun: BuildingView, after: Row): Promise<void> {
    const { building } = this.fold.views;
    const text = formatJson(after);
    await this.change({ building: building.map((one) => (one.state === begun.state ? { ...one, after: text } : one)) });
  }

  private async buildRows(
    view: BatchTarget,
    begun: BuildingView,
    options: WorkOptions,
    counted: Counted,
  ): Promise<void> {
    let changes: Put[] = [];
    for await (const put of this.rowsByKey(
      view,
      begun.state,
      { from: 0, cut: begun.loads },
      begun.t,
      options,
      counted,
    )) {
      changes.push(put);
      if (changes.length < COMMIT_KEYS) continue;
      await this.store.commit(changes);
      changes = [];
    }
    await this.store.commit(changes);
  }

  /** Adds the rows of new computations to a state, in one commit; false where they are too many for that. */
  private async mergeRows(
    view: BatchTarget,
    present: OnlineView,
    cut: Cut,
    options: WorkOptions,
    counted: Counted,
  ): Promise<boolean> {
    const changes: Put[] = [];
    const added: Counted = { keys: 0, records: 0, bytes: 0 };
    for await (const put of this.rowsByKey(
      view,
      present.state,
      { from: present.loads, cut: cut.position },
      cut.t,
      options,
      added,
    )) {
      changes.push(put);
      if (changes.length > MERGED_KEYS) return false;
    }
    await this.fold.settled();
    await this.fold.pausedWhile(() => {
      const { nextState, views, building } = this.fold.views;
      const updated = views.map((one) => (one.state === present.state ? { ...one, loads: cut.position } : one));
      const at = { position: this.fold.position, watermark: Math.max(this.fold.watermark, cut.t) };
      return this.fold.switchViews({ nextState, views: updated, building }, at, changes);
    });
    counted.keys += added.keys;
    counted.records += added.records;
    counted.bytes += added.bytes;
    return true;
  }

  /** The rows of computations in a range, merged key by key with what the state has. */
  private async *rowsByKey(
    view: BatchTarget,
    state: number,
    range: { readonly from: LogPosition; readonly cut: LogPosition },
    watermark: Timestamp,
    options: WorkOptions,
    counted: Counted,
  ): AsyncGenerator<Put> {
    const encodeKey = entityKeyEncoder(view.keys);
    const codec = rowCodec(view.view.features);
    const writer = new ByteWriter();
    let entity: Uint8Array | null = null;
    let text = "";
    let rows: BatchRow[] = [];
    const merged = async (key: Uint8Array): Promise<Put> => {
      let present: BatchRow[] = [];
      if (range.from > 0)
        await this.store.read(
          [headKey(state, key)],
          (_, bytes) => {
            if (bytes !== undefined) present = decodeBatchRows(new ByteReader(bytes), codec);
          },
          { verify: true },
        );
      writer.reset();
      encodeBatchRows(writer, codec, keepVersions([...present, ...rows], watermark));
      counted.keys++;
      const put: Put = [headKey(state, key), writer.finish()];
      counted.bytes += sizeOf([put]);
      return put;
    };
    for await (const { keys, row } of this.history.batchRows(view.view, range, options.signal)) {
      const next = encodeKey((name) => keys[name]);
      if (next === null) continue;
      const nextText = keyText(next);
      if (entity !== null && nextText !== text) {
        yield await merged(entity);
        rows = [];
      }
      entity = next;
      text = nextText;
      rows.push(row);
      if (++counted.records % 10_000 === 0)
        options.onProgress?.({
          phase: `materialize ${view.view.name}`,
          done: counted.records,
          total: null,
          unit: "rows",
        });
    }
    if (entity !== null) yield await merged(entity);
  }

  /** Changes the record of views where the fold stands. */
  private change(change: Partial<OnlineViews>): Promise<void> {
    return this.fold.pausedWhile(() => this.fold.switchViews({ ...this.fold.views, ...change }, this.fold, []));
  }

  private followPresent(all: readonly MaterializableView[]): void {
    this.all = all;
    this.fold.follow(
      this.fold.views.views.flatMap((online): FoldedView[] => {
        const found = all.find(({ fingerprint }) => fingerprint === online.fingerprint);
        return found === undefined || isBatch(found) ? [] : [folded(found, online)];
      }),
    );
  }
}

function sizeOf(changes: readonly Put[]): number {
  return changes.reduce((sum, [key, value]) => sum + key.length + (value?.length ?? 0), 0);
}

function isBatch(view: MaterializableView): view is BatchTarget {
  return view.view.kind === "batchView";
}

function folded(view: AggregateTarget, online: OnlineView): FoldedView {
  const { source, keys } = view;
  return { source, view: online, state: new ViewState(view.view, keys, source.fields, online.state) };
}

function keysOf(keys: Readonly<Record<string, string>>, row: Row): Row {
  return Object.fromEntries(Object.values(keys).map((field) => [field, row[field]]));
}

/** JSON in which an int64 is `{ "int64": "…" }`. */
function formatJson(row: Row): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? { int64: String(value) } : value));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown) =>
      typeof value === "object" && value !== null && "int64" in value ? BigInt(value.int64 as string) : value,
    );
  } catch (cause) {
    throw new AsofError("ASOF_CORRUPT", "the note of how far a view is built is damaged", { part: "online" }, cause);
  }
}
