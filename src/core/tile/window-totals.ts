import type { Contributed, FeatureValue, OrderKey } from "../aggregation/aggregation.ts";
import { ExactSum } from "../aggregation/exact-sum.ts";
import { NumberSum } from "../aggregation/number-sum.ts";
import type { ByteReader } from "../codec/bytes.ts";
import type { PlacePlan } from "./reading-plan.ts";
import { COUNT, SUM } from "./slot-form.ts";

/** What the windows of one slot hold at one moment: a total a stretch, and a window is the merge of those it spans. */
export class WindowTotals {
  readonly plan: PlacePlan;
  /** The first tile that any window holds. */
  readonly first: number;
  private readonly now: number;
  /**
   * By stretch what was merged without the algebra, of counts and sums: how many values, and the sum of those that are
   * whole; then the exact sum of the others.
   */
  private counts: number[] | null = null;
  private wholes: number[] | null = null;
  private fractions: (ExactSum | undefined)[] | null = null;
  /** By stretch the states of the algebra. */
  private states: unknown[] | null = null;
  private newest = -Infinity;
  private at = 0;

  /** @param now the tile of the moment */
  constructor(plan: PlacePlan, now: number) {
    this.plan = plan;
    this.now = now;
    this.first = now + plan.cuts[0];
  }

  /** The stretch of a tile; −1 where no window reaches as far back. Tiles mostly ascend. */
  stretch(tile: number): number {
    const { cuts } = this.plan;
    const back = tile - this.now;
    let { at } = this;
    while (at + 1 < cuts.length && back >= cuts[at + 1]) at++;
    while (at >= 0 && back < cuts[at]) at--;
    this.at = at < 0 ? 0 : at;
    return at;
  }

  /** Merges so many values into a stretch of a count, or of a sum: of the latter, whole ones with this sum. */
  addWhole(stretch: number, count: number, whole: number): void {
    if (this.counts === null) {
      this.counts = [];
      this.wholes = [];
      for (let i = 0; i < this.plan.cuts.length; i++) {
        this.counts.push(0);
        this.wholes.push(0);
      }
    }
    this.counts[stretch] += count;
    this.wholes![stretch] += whole;
  }

  /** Adds to the sum of the values of a stretch that are counted already. */
  addFraction(stretch: number, sum: number): void {
    const fractions = (this.fractions ??= this.plan.cuts.map(() => undefined));
    (fractions[stretch] ??= new ExactSum()).add(sum);
  }

  /** Takes the newest event of the newest tile of some. */
  addNewest(tile: number, event: number): void {
    if (tile < this.first || event <= this.newest) return;
    this.newest = event;
    this.add(tile, event, undefined);
  }

  /** Merges an encoded state into a stretch, or passes over it. */
  merge(stretch: number, input: ByteReader): void {
    const { algebra } = this.plan;
    const state = stretch < 0 ? undefined : this.states?.[stretch];
    if (state !== undefined && algebra.mergeEncoded !== undefined)
      this.states![stretch] = algebra.mergeEncoded(state, input);
    else {
      const decoded = algebra.decode(input);
      if (stretch >= 0) this.keep(stretch, state === undefined ? decoded : algebra.merge(state, decoded));
    }
  }

  add(tile: number, value: Contributed, order: OrderKey | undefined): void {
    const stretch = this.stretch(tile);
    const { algebra } = this.plan;
    if (stretch >= 0) this.keep(stretch, algebra.add(this.states?.[stretch] ?? algebra.empty(), value, order));
  }

  private keep(stretch: number, state: unknown): void {
    (this.states ??= this.plan.cuts.map(() => undefined))[stretch] = state;
  }

  /** What each window holds, finished. */
  finish(): FeatureValue[] {
    const { algebra, windows } = this.plan;
    const results: FeatureValue[] = [];
    for (let i = 0; i < windows.length; i++) results.push(null);
    let end = -1;
    let reached = 0;
    let total: unknown;
    // Windows of one end grow by what lies before.
    for (const { from, until, window } of windows) {
      if (until !== end) {
        total = this.nothing();
        end = until;
        reached = until;
      }
      while (reached > from) total = this.withStretch(total, --reached);
      results[window] = algebra.finish(total);
    }
    return results;
  }

  /** A total of nothing: of sums one for all, as each is finished before the next begins. */
  private nothing(): unknown {
    const { algebra, form } = this.plan;
    if (form !== SUM) return algebra.empty();
    shared.count = 0;
    shared.sum.clear();
    return shared;
  }

  private withStretch(total: unknown, stretch: number): unknown {
    const { algebra, form } = this.plan;
    let sum = total;
    const count = this.counts === null ? 0 : this.counts[stretch];
    if (count !== 0 && form === COUNT) sum = algebra.merge(sum, count);
    else if (count !== 0) {
      (sum as NumberSum).count += count;
      (sum as NumberSum).sum.add(this.wholes![stretch]);
      const fraction = this.fractions?.[stretch];
      if (fraction !== undefined) (sum as NumberSum).sum.merge(fraction);
    }
    const state = this.states?.[stretch];
    return state === undefined ? sum : algebra.merge(sum, state);
  }
}

const shared = new NumberSum();
