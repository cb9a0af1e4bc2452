import type { Algebra, Contributed, FeatureValue, OrderKey } from "../aggregation/aggregation.ts";
import { ExactSum } from "../aggregation/exact-sum.ts";
import { NumberSum } from "../aggregation/number-sum.ts";
import type { ByteReader } from "../codec/bytes.ts";
import type { LevelPlan, PlacePlan } from "./reading-plan.ts";
import { COUNT, NEWEST, SUM } from "./slot-form.ts";

/** What the windows of one level hold at one moment: a total a stretch, and a window is the merge of those it spans. */
export class WindowTotals {
  private readonly plan: LevelPlan;
  /** By stretch how many values, then by stretch the sum of those that are whole, or the newest event. */
  private readonly numbers: number[] = [];
  /** Where the latter begin. */
  private readonly wholes: number;
  /** By stretch the exact sum of values that are not whole. */
  private fractions: (ExactSum | undefined)[] | null = null;
  /** By stretch the states of the algebra. */
  private states: unknown[] | null = null;

  constructor(plan: LevelPlan) {
    this.plan = plan;
    this.wholes = plan.stretchCount;
    for (let i = 0; i < 2 * plan.stretchCount; i++) this.numbers.push(0);
  }

  /** Adds so many values to a stretch of a count, or of a sum. */
  addCount(stretch: number, count: number): void {
    this.numbers[stretch] += count;
  }

  /** Adds whole numbers of this sum, which are counted already. */
  addWhole(stretch: number, sum: number): void {
    this.numbers[this.wholes + stretch] += sum;
  }

  /** Adds to the sum of the values of a stretch that are counted already. */
  addFraction(stretch: number, sum: number): void {
    const fractions = (this.fractions ??= nothings<ExactSum>(this.plan));
    (fractions[stretch] ??= new ExactSum()).add(sum);
  }

  /** Takes the newest event of some. */
  addNewest(stretch: number, event: number): void {
    const { numbers } = this;
    const at = this.wholes + stretch;
    if (numbers[stretch] === 0 || event > numbers[at]) numbers[at] = event;
    numbers[stretch] = 1;
  }

  /** Merges an encoded state into a stretch; passes over it where that is −1. */
  merge(algebra: Algebra<unknown, Contributed>, stretch: number, input: ByteReader): void {
    const state = stretch < 0 ? undefined : this.states?.[stretch];
    if (state !== undefined && algebra.mergeEncoded !== undefined)
      this.states![stretch] = algebra.mergeEncoded(state, input);
    else {
      const decoded = algebra.decode(input);
      if (stretch >= 0) this.keep(stretch, state === undefined ? decoded : algebra.merge(state, decoded));
    }
  }

  add(algebra: Algebra<unknown, Contributed>, stretch: number, value: Contributed, order: OrderKey | undefined): void {
    this.keep(stretch, algebra.add(this.states?.[stretch] ?? algebra.empty(), value, order));
  }

  private keep(stretch: number, state: unknown): void {
    (this.states ??= nothings<unknown>(this.plan))[stretch] = state;
  }

  /** What each window holds, finished. */
  finish(): FeatureValue[] {
    const { places, windowCount } = this.plan;
    const results: FeatureValue[] = [];
    for (let i = 0; i < windowCount; i++) results.push(null);
    for (let place = 0; place < places.length; place++) this.finishPlace(places[place], results);
    return results;
  }

  private finishPlace(place: PlacePlan, results: FeatureValue[]): void {
    const { algebra, form, windows } = place;
    if (form === SUM && this.fractions === null && this.states === null) return this.finishWhole(place, results);
    let end = -1;
    let reached = 0;
    let total: unknown;
    // Windows of one end grow by what lies before.
    for (let i = 0; i < windows.length; i++) {
      const { from, until, window } = windows[i];
      if (until !== end) {
        total = form === SUM ? shared : algebra.empty();
        shared.count = 0;
        shared.sum.clear();
        end = until;
        reached = until;
      }
      while (reached > from) total = this.withStretch(algebra, form, total, --reached);
      results[window] = algebra.finish(total);
    }
  }

  /** The same of a sum of whole numbers alone. */
  private finishWhole({ algebra, windows }: PlacePlan, results: FeatureValue[]): void {
    const { numbers, wholes } = this;
    let end = -1;
    let reached = 0;
    let sum = 0;
    for (let i = 0; i < windows.length; i++) {
      const { from, until, window } = windows[i];
      if (until !== end) {
        shared.count = sum = 0;
        end = until;
        reached = until;
      }
      while (reached > from) {
        shared.count += numbers[--reached];
        sum += numbers[wholes + reached];
      }
      shared.sum.assign(sum);
      results[window] = algebra.finish(shared);
    }
  }

  private withStretch(algebra: PlacePlan["algebra"], form: number, total: unknown, stretch: number): unknown {
    let sum = total;
    const count = this.numbers[stretch];
    if (form === SUM) {
      (sum as NumberSum).count += count;
      (sum as NumberSum).sum.add(this.numbers[this.wholes + stretch]);
      const fraction = this.fractions?.[stretch];
      if (fraction !== undefined) (sum as NumberSum).sum.merge(fraction);
    } else if (form === COUNT && count !== 0) sum = algebra.merge(sum, count);
    else if (form === NEWEST && count !== 0) sum = algebra.add(sum, this.numbers[this.wholes + stretch]);
    const state = this.states?.[stretch];
    return state === undefined ? sum : algebra.merge(sum, state);
  }
}

function nothings<T>({ stretchCount }: LevelPlan): (T | undefined)[] {
  const all: (T | undefined)[] = [];
  for (let i = 0; i < stretchCount; i++) all.push(undefined);
  return all;
}

/** The total of sums: one for all, as each is finished before the next begins. */
const shared = new NumberSum();
