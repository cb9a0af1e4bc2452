import type { Contributed, FeatureValue, OrderKey } from "../aggregation/aggregation.ts";
import type { Contributor, LateRecord, Origin, WindowExplanation } from "../result/explanation.ts";
import type { Row, Value } from "../schema/data-type.ts";
import type { Slot } from "../tile/view-layout.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { floorTo, type Window, windowEnd, windowStart } from "../time/window.ts";
import { argumentOf, keyOf } from "./contributed.ts";
import { countsValues, influenceOf, type Weighed } from "./influence.ts";
import { Top } from "./top.ts";

/** A record of the key, as history has it. */
export interface AccountedRecord {
  readonly event: Timestamp;
  readonly available: Timestamp;
  /** When its withdrawal became known; null where it was not withdrawn. */
  readonly withdrawn: Timestamp | null;
  readonly position: number;
  readonly origin: Origin;
  /** What it contributes; null where it contributes nothing. */
  readonly contributed: Contributed;
  /** Whether the condition, where there is one, holds. */
  readonly holds: boolean;
  /** Where the aggregation is ordered. */
  readonly order: OrderKey | undefined;
  readonly fields: Row;
}

/** How many records, late records, groups and tiles are listed. */
export interface ListSizes {
  readonly records: number;
  readonly late: number;
  readonly groups: number;
  readonly tiles: number;
}

/** What makes records late, in words. */
export const LATENESS = "became available after their tile had ended";

/** Values are counted one by one only up to so many different ones. */
const MAX_GROUPS = 100_000;

/**
 * Adds up one window of a feature at t, with an account of every record it meets. Records come in any order, all of them
 * once to `count` and then, once more, to `rank`. `known` is the moment whose knowledge counts: t, but for hindsight.
 */
export class WindowAccount {
  readonly start: number;
  readonly end: number;
  private readonly slot: Slot;
  private readonly window: Window;
  private readonly t: Timestamp;
  private readonly known: Timestamp;
  private readonly sizes: ListSizes;
  private state: unknown;
  private sum = 0;
  private readonly counts = {
    visible: 0,
    counted: 0,
    filtered: 0,
    empty: 0,
    loaded: 0,
    streamed: 0,
    late: 0,
    notYetAvailable: 0,
    notYetHappened: 0,
    withdrawn: 0,
  };
  private readonly tiles = new Map<number, number>();
  private readonly groups: Map<Value, number> | null;
  private readonly late: Top<LateRecord>;
  private ranked: Top<Weighed & { readonly contributor: Contributor }> | null = null;
  private result: FeatureValue = null;

  constructor(slot: Slot, window: Window, t: Timestamp, known: Timestamp, sizes: ListSizes) {
    this.slot = slot;
    this.window = window;
    this.t = t;
    this.known = known;
    this.sizes = sizes;
    this.start = windowStart(window, t);
    this.end = windowEnd(window, t);
    this.state = slot.algebra.empty();
    this.groups = countsValues(slot.spec) ? new Map() : null;
    this.late = new Top(sizes.late, (a, b) => b.by - a.by || b.event - a.event || b.position - a.position);
  }

  count(record: AccountedRecord): void {
    const { counts } = this;
    const { event, contributed, origin } = record;
    if (event >= this.end && this.end === this.t) {
      if (record.available < this.t) counts.notYetHappened++;
      return;
    }
    if (event < this.start || event >= this.end) return;
    if (!(record.available < this.known)) counts.notYetAvailable++;
    else if (this.isWithdrawn(record)) counts.withdrawn++;
    if (!this.isVisible(record)) return;
    counts.visible++;
    if (origin === "load") counts.loaded++;
    else counts.streamed++;
    const tile = this.tileOf(event);
    this.tiles.set(tile, (this.tiles.get(tile) ?? 0) + 1);
    const by = this.latenessOf(record);
    if (by !== null) {
      counts.late++;
      this.late.add({ event, available: record.available, position: record.position, origin, by });
    }
    if (contributed === null) {
      if (record.holds) counts.empty++;
      else counts.filtered++;
      return;
    }
    counts.counted++;
    this.state = this.slot.algebra.add(this.state, contributed, record.order);
    const argument = argumentOf(contributed);
    const group = keyOf(contributed) ?? argument;
    if (typeof argument === "number" || typeof argument === "bigint") this.sum += Number(argument);
    if (this.groups !== null && (this.groups.has(group) || this.groups.size < MAX_GROUPS))
      this.groups.set(group, (this.groups.get(group) ?? 0) + 1);
  }

  /** The value of the window, from all that was counted. */
  finish(): FeatureValue {
    const { slot, counts } = this;
    this.result = slot.algebra.finish(this.state);
    const outcome = { value: this.result, mean: this.sum / counts.counted };
    const { compare } = influenceOf(slot.spec);
    this.ranked = new Top(this.sizes.records, (a, b) => compare(a, b, outcome));
    return this.result;
  }

  /** After `finish`. */
  rank(record: AccountedRecord): void {
    const { event, available, position, origin, contributed, order, fields } = record;
    if (contributed === null || event < this.start || event >= this.end || !this.isVisible(record)) return;
    const key = keyOf(contributed);
    const argument = argumentOf(contributed);
    const grouped = key === undefined ? {} : { key };
    const contributor = { argument, ...grouped, event, available, position, origin, fields };
    this.ranked!.add({ argument, event, available, position, order, contributor });
  }

  explanation(): WindowExplanation {
    const { hop } = this.window;
    const contributions = this.ranked!.list().map(({ contributor }) => contributor);
    const groups = this.groups === null ? null : [...this.groups].map(([value, records]) => ({ value, records }));
    groups?.sort((a, b) => b.records - a.records);
    const listed = groups === null ? null : groups.slice(0, this.sizes.groups);
    const isLifetime = this.window.length === null;
    const last = isLifetime ? null : floorTo(this.end - 1, hop);
    return {
      start: isLifetime ? null : this.start,
      end: this.end,
      value: this.result,
      tiles: {
        hop: isLifetime ? null : hop,
        spanned: last === null ? null : (last - this.start) / hop + 1,
        filled: this.tiles.size,
        first: isLifetime ? null : this.start,
        last,
        open: last !== null && last + hop > this.t ? last : null,
        largest: [...this.tiles]
          .sort(([a, n], [b, m]) => m - n || b - a)
          .slice(0, this.sizes.tiles)
          .map(([tile, records]) => ({
            start: isLifetime ? null : tile,
            records,
            open: isLifetime || tile + hop > this.t,
          })),
      },
      records: { ...this.counts },
      contributions,
      more: this.counts.counted - contributions.length,
      groups: listed,
      moreGroups: (groups?.length ?? 0) - (listed?.length ?? 0),
      late: this.late.list(),
    };
  }

  private isVisible(record: AccountedRecord): boolean {
    return record.event < this.t && record.available < this.known && !this.isWithdrawn(record);
  }

  private isWithdrawn({ withdrawn }: AccountedRecord): boolean {
    return withdrawn !== null && withdrawn < this.known;
  }

  private tileOf(event: Timestamp): number {
    return this.window.length === null ? 0 : floorTo(event, this.window.hop);
  }

  /** How long after the end of its tile a record became available; null where it came in time. */
  private latenessOf({ event, available }: AccountedRecord): number | null {
    if (this.window.length === null) return null;
    const by = available - (floorTo(event, this.window.hop) + this.window.hop);
    return by >= 0 ? by : null;
  }
}
