import type { FeatureValue } from "../aggregation/aggregation.ts";
import type { ByteReader } from "../codec/bytes.ts";
import type { Value } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { floorTo } from "../time/window.ts";
import { BLOCK_TILES, isVisible, tileOf } from "./key-state.ts";
import { type HeadContent, ROWS_FORMAT, visitBlock, visitHead } from "./key-state-codec.ts";
import type { ReadingPlan } from "./reading-plan.ts";
import { scanColumns } from "./column-scan.ts";
import { scanRows } from "./tile-rows.ts";
import type { ViewLayout } from "./view-layout.ts";
import { WindowTotals } from "./window-totals.ts";

/**
 * Features of a key at t straight from its stored bytes: a state is merged into the windows that hold it as it is
 * decoded, and what several windows of a slot share is merged once. First the head, then the
 * blocks of `blocksAt`, in any order.
 */
export class StoredReading {
  private readonly layout: ViewLayout;
  private readonly t: Timestamp;
  private readonly plan: ReadingPlan;
  /** By level and place; null where nothing of a slot is wanted. */
  private readonly totals: readonly (readonly (WindowTotals | null)[])[];
  /** By level: the tile of the moment. */
  private readonly now: readonly number[];
  private content: HeadContent | null = null;

  constructor(plan: ReadingPlan, t: Timestamp) {
    this.layout = plan.layout;
    this.t = t;
    this.plan = plan;
    this.now = this.plan.levels.map(({ hop }) => (hop === null ? 0 : floorTo(t, hop) / hop));
    this.totals = this.plan.levels.map(({ places }, l) =>
      places.map((place) => (place.windows.length === 0 ? null : new WindowTotals(place, this.now[l]))),
    );
  }

  /** Takes a head as `encodeHead` wrote it. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
  head(input: ByteReader): void {
    const { layout, t, totals } = this;
    this.content = visitHead(layout, input, (level, block, version) => this.scan(level, block, version, input));
    for (const record of this.content.pending) {
      if (!isVisible(record, t)) continue;
      layout.levels.forEach((level, l) => {
        const tile = tileOf(level, record.event);
        level.slots.forEach((slot, place) => {
          const value = record.values[slot];
          if (value !== null) totals[l][place]?.add(tile, value, record.order);
        });
      });
    }
  }

  /** Takes a block as `encodeBlock` wrote it. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
  block(level: number, block: number, input: ByteReader): void {
    const totals = this.totals[level];
    // The open block lives in the head; a block of its number in the store is of an earlier state.
    if (this.content === null || !this.content.levels[level].closed.has(block)) return;
    if (totals.every((total) => total === null || (block + 1) * BLOCK_TILES <= total.first)) return;
    visitBlock(input, (version) => this.scan(level, block, version, input));
  }

  private scan(level: number, block: number, version: number, input: ByteReader): void {
    if (version === ROWS_FORMAT) scanRows(this.plan.levels[level], this.totals[level], block, input);
    else scanColumns(this.plan.levels[level], this.totals[level], this.now[level], block, input);
  }

  /** The features of the plan, in its order. Once, at the end. */
  features(): FeatureValue[] {
    const results = this.totals.map((places) => places.map((totals) => totals?.finish() ?? []));
    return this.plan.features.map(({ level, place, windows, isSeries }) => {
      const found = results[level][place];
      // A series is of single values.
      return isSeries ? windows.map((window) => found[window] as Value) : found[windows[0]];
    });
  }
}
