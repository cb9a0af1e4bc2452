import type { BuildingView, OnlineView, OnlineViews } from "../../core/codec/online-meta.ts";
import { OneByOne } from "../../core/one-by-one.ts";
import type { MaterializeOutcome } from "../../core/result/outcomes.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";
import { buildRows, rowsByKey } from "./build-rows.ts";
import { buildTiles } from "./build-tiles.ts";
import type { Fold } from "./fold.ts";
import type { FollowedView } from "./folded-view.ts";
import type { History } from "./history.ts";
import { type AggregateTarget, type BatchTarget, isBatch, type MaterializableView } from "./materializable-view.ts";
import type { Counted } from "./written-state.ts";

/** A cut through the log, and a moment at which everything below it, and nothing else, can be visible. */
export interface Cut {
  readonly position: LogPosition;
  readonly t: Timestamp;
}

/** A batch view's new rows are merged in one commit up to this many keys; beyond it a new state is built. */
const MERGED_KEYS = 200_000;

/**
 * Brings views from history into the online store. A state is built aside, as of one position of the log, then
 * caught up with what the fold did meanwhile, and switched in by one commit: no gap, nothing twice, and readers see
 * either the old state or the new one. What was interrupted goes on where it stopped.
 */
export class Materializer {
  private readonly stores: { readonly store: OnlineStore; readonly history: History };
  private readonly fold: Fold;
  private readonly clock: Clock;
  private readonly cut: () => Promise<Cut>;
  private readonly changes = new OneByOne();
  /** The views of the store, as they were last given. */
  private all: readonly MaterializableView[] = [];

  constructor(parts: { store: OnlineStore; fold: Fold; history: History; clock: Clock; cut: () => Promise<Cut> }) {
    this.stores = { store: parts.store, history: parts.history };
    this.fold = parts.fold;
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
    const loads = await this.stores.history.loadedUntil([view.stream], cut.position);
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
      ? buildRows(this.stores, view, begun, options, counted)
      : buildTiles(this.stores, view, begun, (after) => this.progressed(begun, after), options, counted));
    // The fold must not come upon records that the new state holds already.
    await this.fold.settled();
    await this.fold.pausedWhile(async () => {
      const { t, after: _, caught, ...online } = begun;
      const watermark = Math.max(this.fold.watermark, t);
      if (!isBatch(view))
        await this.fold.catchUp(
          followed(view, online),
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

  private async progressed(begun: BuildingView, after: string): Promise<void> {
    const { building } = this.fold.views;
    await this.change({ building: building.map((one) => (one.state === begun.state ? { ...one, after } : one)) });
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
    const range = { state: present.state, from: present.loads, cut: cut.position, watermark: cut.t };
    for await (const put of rowsByKey(this.stores, view, range, options, added)) {
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

  /** Changes the record of views where the fold stands. */
  private change(change: Partial<OnlineViews>): Promise<void> {
    return this.fold.pausedWhile(() => this.fold.switchViews({ ...this.fold.views, ...change }, this.fold, []));
  }

  private followPresent(all: readonly MaterializableView[]): void {
    this.all = all;
    this.fold.follow(
      this.fold.views.views.flatMap((online): FollowedView[] => {
        const found = all.find(({ fingerprint }) => fingerprint === online.fingerprint);
        return found === undefined || isBatch(found) ? [] : [followed(found, online)];
      }),
    );
  }
}

function followed({ view, source, keys }: AggregateTarget, online: OnlineView): FollowedView {
  return { source, online, definition: view, keys };
}
