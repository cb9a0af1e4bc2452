import type { Contributed, FeatureValue, OrderKey } from "../aggregation/aggregation.ts";
import { ExactSum } from "../aggregation/exact-sum.ts";
import type { NumberSum } from "../aggregation/number-sum.ts";
import type { ByteReader } from "../codec/bytes.ts";
import { COUNT, type PlacePlan, SUM } from "./reading-plan.ts";

/** What the windows of one slot hold at one moment: a total a stretch, and a window is the merge of those it spans. */
export class WindowTotals {
  readonly plan: PlacePlan;
  /** The first tile that any window holds. */
  readonly first: number;
  /** By stretch what was merged without the algebra: how many values, and the sum of those that are whole. */
  private readonly counts: number[];
  private readonly wholes: number[];
  /** The newest tile with an event so far. */
  newest = -Infinity;
  private readonly totals: unknown[];
  private sums: (ExactSum | undefined)[] | null = null;
  private readonly now: number;
  private at = 0;

  /** @param now the tile of the moment */
  constructor(plan: PlacePlan, now: number) {
    const { cuts, form } = plan;
    this.plan = plan;
    this.now = now;
    this.first = now + cuts[0];
    this.totals = cuts.map(() => undefined);
    this.counts = form === COUNT || form === SUM ? cuts.map(() => 0) : NONE;
    this.wholes = form === SUM ? cuts.map(() => 0) : NONE;
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

  /** Merges so many values, of which the whole ones have this sum, into a stretch of a count or a sum. */
  addWhole(stretch: number, count: number, whole: number): void {
    this.counts[stretch] += count;
    if (whole !== 0) this.wholes[stretch] += whole;
  }

  /** Adds to the sum of the values of a stretch that are counted already. */
  addFraction(stretch: number, sum: number): void {
    const sums = (this.sums ??= this.plan.cuts.map(() => undefined));
    (sums[stretch] ??= new ExactSum()).add(sum);
  }

  /** Merges an encoded state into a stretch, or passes over it. */
  merge(stretch: number, input: ByteReader): void {
    const { algebra } = this.plan;
    const total = stretch < 0 ? undefined : this.totals[stretch];
    if (total !== undefined && algebra.mergeEncoded !== undefined)
      this.totals[stretch] = algebra.mergeEncoded(total, input);
    else {
      const state = algebra.decode(input);
      if (stretch >= 0) this.totals[stretch] = total === undefined ? state : algebra.merge(total, state);
    }
  }

  add(tile: number, value: Contributed, order: OrderKey | undefined): void {
    const stretch = this.stretch(tile);
    const { algebra } = this.plan;
    if (stretch >= 0) this.totals[stretch] = algebra.add(this.totals[stretch] ?? algebra.empty(), value, order);
  }

  /** What each window holds, finished. */
  finish(): FeatureValue[] {
    const { algebra, windows } = this.plan;
    this.gather();
    const results: FeatureValue[] = windows.map(() => null);
    let end = Infinity;
    let reached = 0;
    let total = algebra.empty();
    // Windows of one end grow by what lies before.
    for (const { from, until, window } of windows) {
      if (until !== end) {
        total = algebra.empty();
        end = until;
        reached = until;
      }
      while (reached > from) {
        const part = this.totals[--reached];
        if (part !== undefined) total = algebra.merge(total, part);
      }
      results[window] = algebra.finish(total);
    }
    return results;
  }

  /** Brings what was merged without the algebra into its states. */
  private gather(): void {
    const { algebra, form } = this.plan;
    for (let s = 0; s < this.counts.length; s++) {
      const count = this.counts[s];
      if (count === 0) continue;
      const state = this.totals[s] ?? algebra.empty();
      if (form === COUNT) this.totals[s] = algebra.merge(state, count);
      else {
        (state as NumberSum).count += count;
        (state as NumberSum).sum.add(this.wholes[s]);
        const fractions = this.sums?.[s];
        if (fractions !== undefined) (state as NumberSum).sum.merge(fractions);
        this.totals[s] = state;
      }
    }
  }
}

const NONE: number[] = [];
