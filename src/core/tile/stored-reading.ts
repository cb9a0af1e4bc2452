import type { FeatureValue } from "../aggregation/aggregation.ts";
import type { ByteReader } from "../codec/bytes.ts";
import type { Value } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { floorTo } from "../time/window.ts";
import { BLOCK_TILES, type Contribution, isVisible, tileOf } from "./key-state.ts";
import { COLUMNS_FORMAT, type HeadContent, readVersion, ROWS_FORMAT, visitHead } from "./key-state-codec.ts";
import { cutBefore, type ReadingPlan } from "./reading-plan.ts";
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
  /** By level. */
  private readonly totals: readonly WindowTotals[];
  /** By level: the tile of the moment. */
  private readonly now: readonly number[];
  private content: HeadContent | null = null;

  constructor(plan: ReadingPlan, t: Timestamp) {
    this.layout = plan.layout;
    this.t = t;
    this.plan = plan;
    this.now = this.plan.levels.map(({ hop }) => (hop === null ? 0 : floorTo(t, hop) / hop));
    this.totals = this.plan.levels.map((level) => new WindowTotals(level));
  }

  /** Takes a head as `encodeHead` wrote it. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
  head(input: ByteReader): void {
    const { layout, t } = this;
    this.content = visitHead(layout, input, (level, block, version) => this.scan(level, block, version, input));
    for (const record of this.content.pending) if (isVisible(record, t)) this.add(record);
  }

  /** Takes a block as `encodeBlock` wrote it. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
  block(level: number, block: number, input: ByteReader): void {
    // The open block lives in the head; a block of its number in the store is of an earlier state.
    if (this.content === null || !this.content.levels[level].closed.includes(block)) return;
    const { cuts } = this.plan.levels[level];
    if (cuts.length === 0 || (block + 1) * BLOCK_TILES <= this.now[level] + cuts[0]) return;
    this.scan(level, block, readVersion(input), input);
    input.end();
  }

  private scan(level: number, block: number, version: number, input: ByteReader): void {
    const plan = this.plan.levels[level];
    const totals = this.totals[level];
    const now = this.now[level];
    if (version === ROWS_FORMAT) scanRows(plan, totals, now, block, input);
    else scanColumns(plan, totals, now, block, input, version !== COLUMNS_FORMAT);
  }

  /** Adds a record that waited. */
  private add({ event, values, order }: Contribution): void {
    const { layout, plan } = this;
    plan.levels.forEach((level, l) => {
      const { cuts, places, stretches } = level;
      const cut = cutBefore(level, tileOf(layout.levels[l], event) - this.now[l]);
      if (cut < 0) return;
      layout.levels[l].slots.forEach((slot, place) => {
        const stretch = stretches[place * cuts.length + cut];
        if (stretch >= 0 && values[slot] !== null)
          this.totals[l].add(places[place].algebra, stretch, values[slot], order);
      });
    });
  }

  /** The features of the plan, in its order. Once, at the end. */
  features(): FeatureValue[] {
    const results = this.totals.map((totals) => totals.finish());
    return this.plan.features.map(({ level, windows, isSeries }) => {
      const found = results[level];
      // A series is of single values.
      return isSeries ? windows.map((window) => found[window] as Value) : found[windows[0]];
    });
  }
}
