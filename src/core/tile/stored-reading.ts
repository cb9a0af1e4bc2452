import type { Algebra, FeatureValue } from "../aggregation/aggregation.ts";
import type { ByteReader } from "../codec/bytes.ts";
import type { Value } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { type Window, windowEnd, windowStart } from "../time/window.ts";
import { BLOCK_TILES, isVisible, tileOf } from "./key-state.ts";
import { type HeadContent, visitBlock, visitHead, visitTiles } from "./key-state-codec.ts";
import type { ViewLayout } from "./view-layout.ts";

/**
 * The features of a key at t straight from its stored bytes: a state is merged into the windows that hold it as it is
 * decoded, and what several windows of a slot share is merged once. Gives what `readFeatures` gives for the decoded
 * state. First the head, then the blocks of `blocksAt`, in any order.
 */
export class StoredReading {
  private readonly layout: ViewLayout;
  private readonly t: Timestamp;
  private readonly plan: ReadingPlan;
  /** By level and place. */
  private readonly totals: readonly (readonly WindowTotals[])[];
  private content: HeadContent | null = null;

  constructor(layout: ViewLayout, t: Timestamp) {
    this.layout = layout;
    this.t = t;
    this.plan = planOf(layout);
    this.totals = this.plan.levels.map(({ hop, places }) =>
      places.map(({ algebra, windows }) => new WindowTotals(algebra, windows, hop, t)),
    );
  }

  /** Takes a head as `encodeHead` wrote it. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
  head(input: ByteReader): void {
    const { layout, t } = this;
    this.content = visitHead(layout, input, (level, block) => this.tiles(level, block, input));
    for (const record of this.content.pending) {
      if (!isVisible(record, t)) continue;
      layout.levels.forEach((level, l) => {
        const tile = tileOf(level, record.event);
        level.slots.forEach((slot, place) => {
          const value = record.values[slot];
          if (value !== null) this.totals[l][place].add(tile, value, record.order);
        });
      });
    }
  }

  /** Takes a block as `encodeBlock` wrote it. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
  block(level: number, block: number, input: ByteReader): void {
    // The open block lives in the head; a block of its number in the store is of an earlier state.
    if (this.content === null || !this.content.levels[level].closed.has(block)) return;
    if (this.totals[level].every((totals) => (block + 1) * BLOCK_TILES <= totals.first)) return;
    visitBlock(input, () => this.tiles(level, block, input));
  }

  /** The view's features in the layout's order. Once, at the end. */
  features(): FeatureValue[] {
    const results = this.totals.map((places) => places.map((totals) => totals.finish()));
    return this.plan.features.map(({ level, place, windows, isSeries }) => {
      const found = results[level][place];
      // A series is of single values.
      return isSeries ? windows.map((window) => found[window] as Value) : found[windows[0]];
    });
  }

  private tiles(level: number, block: number, input: ByteReader): void {
    const totals = this.totals[level];
    visitTiles(totals.length, block, input, (index, place) => {
      if (place >= 0) totals[place].merge(index, input);
    });
  }
}

/** What reading a view needs to know, whatever the key and the moment. */
interface ReadingPlan {
  readonly levels: readonly {
    readonly hop: number | null;
    readonly places: readonly { readonly algebra: Algebra<unknown>; readonly windows: readonly Window[] }[];
  }[];
  readonly features: readonly {
    readonly level: number;
    readonly place: number;
    /** Which of the windows of its place. */
    readonly windows: readonly number[];
    readonly isSeries: boolean;
  }[];
}

const plans = new WeakMap<ViewLayout, ReadingPlan>();

function planOf(layout: ViewLayout): ReadingPlan {
  const known = plans.get(layout);
  if (known !== undefined) return known;
  const levels = layout.levels.map(({ hop, slots }) => ({
    hop,
    places: slots.map((slot) => ({ algebra: layout.slots[slot].algebra, windows: [] as Window[] })),
  }));
  const features = layout.features.map(({ level, place, window, elements }) => {
    const { windows } = levels[level].places[place];
    const numbers = (elements ?? [window]).map((wanted) => {
      const found = windows.findIndex(({ length, offset }) => length === wanted.length && offset === wanted.offset);
      return found >= 0 ? found : windows.push(wanted) - 1;
    });
    return { level, place, windows: numbers, isSeries: elements !== null };
  });
  const plan = { levels, features };
  plans.set(layout, plan);
  return plan;
}

/**
 * The windows of one slot at one moment. Their ends cut the level's tiles into stretches; a state goes into the total of
 * its stretch, and a window is the merge of the stretches that it spans.
 */
class WindowTotals {
  /** The first tile of each stretch, ascending; what lies before the first is in no window. */
  private readonly cuts: number[];
  private readonly totals: unknown[];
  private readonly bounds: readonly { readonly from: number; readonly until: number }[];
  private readonly algebra: Algebra<unknown>;
  private at = 0;

  constructor(algebra: Algebra<unknown>, windows: readonly Window[], hop: number | null, t: Timestamp) {
    this.algebra = algebra;
    this.bounds = windows.map((window) => ({
      from: hop === null ? 0 : windowStart(window, t) / hop,
      until: hop === null ? 1 : window.offset === 0 ? Infinity : windowEnd(window, t) / hop,
    }));
    const cuts = new Set<number>();
    for (const { from, until } of this.bounds) cuts.add(from).add(until);
    cuts.delete(Infinity);
    this.cuts = [...cuts].sort((a, b) => a - b);
    this.totals = this.cuts.map(() => undefined);
  }

  /** The first tile that any window holds. */
  get first(): number {
    return this.cuts[0];
  }

  /** Merges an encoded state of a tile, or passes over it. */
  merge(tile: number, input: ByteReader): void {
    const { algebra, totals } = this;
    const at = this.stretch(tile);
    const total = at < 0 ? undefined : totals[at];
    if (total !== undefined && algebra.mergeEncoded !== undefined) totals[at] = algebra.mergeEncoded(total, input);
    else {
      const state = algebra.decode(input);
      if (at >= 0) totals[at] = total === undefined ? state : algebra.merge(total, state);
    }
  }

  add(tile: number, value: Value, order: Parameters<Algebra<unknown>["add"]>[2]): void {
    const at = this.stretch(tile);
    if (at >= 0) this.totals[at] = this.algebra.add(this.totals[at] ?? this.algebra.empty(), value, order);
  }

  /** What each window holds, finished. */
  finish(): FeatureValue[] {
    const { algebra, bounds, cuts, totals } = this;
    const results: (FeatureValue | undefined)[] = bounds.map(() => undefined);
    for (const end of new Set(bounds.map(({ until }) => until))) {
      // From the newest stretch back: windows of one end grow by what lies before.
      let total = algebra.empty();
      for (let s = cuts.length - 1; s >= 0; s--) {
        if (cuts[s] >= end) continue;
        if (totals[s] !== undefined) total = algebra.merge(total, totals[s]);
        for (const [w, { from, until }] of bounds.entries())
          if (from === cuts[s] && until === end) results[w] = algebra.finish(total);
      }
    }
    // Before all time no window spans anything.
    return results.map((result) => (result === undefined ? algebra.finish(algebra.empty()) : result));
  }

  /** The stretch of a tile; −1 where no window reaches as far back. Tiles mostly ascend. */
  private stretch(tile: number): number {
    const { cuts } = this;
    let { at } = this;
    while (at + 1 < cuts.length && tile >= cuts[at + 1]) at++;
    while (at >= 0 && tile < cuts[at]) at--;
    this.at = Math.max(at, 0);
    return at;
  }
}
