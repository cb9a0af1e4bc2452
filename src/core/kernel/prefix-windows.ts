import type { LayoutFeature, Slot } from "../tile/view-layout.ts";
import { floorTo, type Window } from "../time/window.ts";
import type { FeatureOutput, RecordTable, Sums } from "./aggregate-moments.ts";
import { KeyOrder } from "./key-order.ts";
import { locate } from "./locate.ts";
import type { Prefixes } from "./prefixes.ts";

/** Rows of a spine in their order: the dense key of each, −1 for none, and its moment. */
export interface KeyedRows {
  readonly rows: number;
  readonly key: Int32Array;
  readonly t: Float64Array;
}

/** Those slots whose prefix sums such features are had from. */
export function summedSlots(features: readonly LayoutFeature[], slots: readonly Slot[]): number[] {
  const summed = features.filter(({ slot, elements }) => elements === null && isPrefixSlot(slots[slot]));
  return [...new Set(summed.map(({ slot }) => slot))].filter((slot) => slots[slot].spec.kind !== "count");
}

/** Those of them of which such features are all that is wanted. */
export function onlySummedSlots(features: readonly LayoutFeature[], slots: readonly Slot[]): number[] {
  return summedSlots(features, slots).filter((slot) =>
    features.every((feature) => feature.slot !== slot || feature.elements === null),
  );
}

/** Whether features of a slot can be had from prefix sums, if their records and values allow it. */
export function isPrefixSlot({ spec, input }: Slot): boolean {
  if (spec.kind === "count") return true;
  return (spec.kind === "sum" || spec.kind === "avg") && (input?.kind === "int32" || input?.kind === "boolean");
}

interface PrefixFeature {
  /** Which of the outputs is its. */
  readonly output: number;
  readonly kind: "count" | "sum" | "avg";
  readonly counts: Uint32Array | null;
  readonly sums: Sums | null;
}

/** Features that are finished together: averages of the same records, two of them; or one feature alone. */
type Finished = readonly [PrefixFeature, PrefixFeature?];

/** The features of one window, and where the last searches for its start and its end stopped, by key. */
interface PrefixWindow {
  readonly window: Window;
  readonly features: PrefixFeature[];
  /** The same as they are finished. */
  finished: readonly Finished[];
  readonly start: Uint32Array;
  readonly end: Uint32Array | null;
}

/**
 * Counts, sums and averages of whole numbers in windows, for rows in any order. Where the records of each key become
 * visible in the order of their events, those that a window holds stand side by side: their sum is the difference of
 * two prefix sums, which doubles hold exactly below 2^53. No sorting of rows, no walk; each row costs a few steps.
 */
export class PrefixWindows {
  private readonly records: RecordTable;
  private readonly visible: Uint32Array;
  /** Those of one hop and offset side by side. */
  private readonly windows: PrefixWindow[] = [];
  private readonly order: KeyOrder;
  private readonly block = {
    t: new Float64Array(BLOCK),
    floor: new Float64Array(BLOCK),
    visible: new Uint32Array(BLOCK),
    since: new Uint32Array(BLOCK),
    span: new Uint32Array(BLOCK),
    count: new Uint32Array(BLOCK),
  };

  private constructor(records: RecordTable) {
    this.records = records;
    this.visible = this.hints();
    this.order = new KeyOrder(BLOCK, records.first.length - 1);
  }

  /** Null where the records or their values do not allow it: the walk is for those. */
  static of(features: readonly LayoutFeature[], slots: readonly Slot[], prefixes: Prefixes): PrefixWindows | null {
    const { records } = prefixes;
    if (records.byEvent !== null || (records.withdrawn ?? null) !== null) return null;
    const made = new PrefixWindows(records);
    for (const [output, { slot, window, elements }] of features.entries()) {
      if (elements !== null) return null;
      const { kind } = slots[slot].spec;
      if (!isPrefixSlot(slots[slot]) || (kind !== "count" && kind !== "sum" && kind !== "avg")) return null;
      const counts = prefixes.counts(slot);
      const sums = kind === "count" ? null : prefixes.sums(slot);
      if (kind !== "count" && sums === null) return null;
      made.windowOf(window).features.push({ output, kind, counts, sums });
    }
    for (const window of made.windows) window.finished = finishedOf(window.features);
    made.windows.sort(({ window: a }, { window: b }) => a.hop - b.hop || a.offset - b.offset);
    return made;
  }

  /** Fills the outputs, one a feature, from `offset` on for the rows that have a key; leaves the others as they are. */
  compute({ rows, key, t }: KeyedRows, outputs: readonly FeatureOutput[], offset: number): void {
    const { first, visible, event } = this.records;
    const isDelay = typeof visible === "number";
    const { block, order } = this;
    for (let from = 0; from < rows; from += BLOCK) {
      const n = order.sort(key, from, Math.min(BLOCK, rows - from));
      for (let i = 0; i < n; i++) block.t[i] = t[from + order.row[i]];
      if (isDelay) locate(event, first, order.key, block.t, n, this.visible, block.visible, visible);
      else locate(visible, first, order.key, block.t, n, this.visible, block.visible);
      let floored: Window | null = null;
      for (const { window, finished, start, end } of this.windows) {
        const { length, hop } = window;
        if (length !== null && (floored === null || floored.hop !== hop || floored.offset !== window.offset)) {
          for (let i = 0; i < n; i++) block.floor[i] = floorTo(block.t[i] - window.offset, hop);
          floored = window;
        }
        // A length is a multiple of its hop: what is floored stays so.
        if (length === null) for (let i = 0; i < n; i++) block.since[i] = first[order.key[i]];
        else locate(event, first, order.key, block.floor, n, start, block.since, length);
        const { since, span, visible: seen } = block;
        if (end === null) for (let i = 0; i < n; i++) span[i] = seen[i] > since[i] ? seen[i] - since[i] : 0;
        else {
          locate(event, first, order.key, block.floor, n, end, span);
          for (let i = 0; i < n; i++) span[i] = Math.max(0, Math.min(span[i], seen[i]) - since[i]);
        }
        for (const together of finished) this.finish(together, n, offset + from, outputs);
      }
    }
  }

  /** The records of the ith row in order are at `span[i]` places from `since[i]` on. */
  private finish([feature, other]: Finished, n: number, from: number, outputs: readonly FeatureOutput[]): void {
    const { kind, counts, sums } = feature;
    const { numbers, valid } = outputs[feature.output];
    const { since, span } = this.block;
    const { row } = this.order;
    let count = span;
    if (counts !== null) {
      ({ count } = this.block);
      for (let i = 0; i < n; i++) count[i] = counts[since[i] + span[i]] - counts[since[i]];
    }
    if (kind === "count") for (let i = 0; i < n; i++) numbers![from + row[i]] = count[i];
    else if (other !== undefined) {
      const { numbers: others, valid: othersValid } = outputs[other.output];
      averagesOfTwo(n, since, span, count, sums!, other.sums!, row, from, numbers!, valid, others!, othersValid);
    } else if (kind === "avg") averages(n, since, span, count, sums!, row, from, numbers!, valid);
    else {
      for (let i = 0; i < n; i++) {
        valid[from + row[i]] = count[i] === 0 ? 0 : 1;
        numbers![from + row[i]] = sums![since[i] + span[i]] - sums![since[i]];
      }
    }
  }

  private windowOf(window: Window): PrefixWindow {
    const { length, hop, offset } = window;
    const found = this.windows.find(
      ({ window: other }) => other.length === length && other.hop === hop && other.offset === offset,
    );
    if (found !== undefined) return found;
    const end = offset === 0 ? null : this.hints();
    const made: PrefixWindow = { window, features: [], finished: [], start: this.hints(), end };
    this.windows.push(made);
    return made;
  }

  private hints(): Uint32Array {
    return this.records.first.slice(0, -1);
  }
}

/** Averages of the same records in twos, all others one by one. */
function finishedOf(features: readonly PrefixFeature[]): Finished[] {
  const finished = features.filter(({ kind }) => kind !== "avg").map((feature): Finished => [feature]);
  const averages = features.filter(({ kind }) => kind === "avg");
  for (const same of Map.groupBy(averages, ({ counts }) => counts).values())
    for (let i = 0; i < same.length; i += 2) finished.push([same[i], same[i + 1]]);
  return finished;
}

/** Rows worked on at once: enough that many share a key, few enough to stay in the processor's cache. */
const BLOCK = 65_536;

function averages(
  n: number,
  since: Uint32Array,
  span: Uint32Array,
  count: Uint32Array,
  sums: Sums,
  row: Uint32Array,
  from: number,
  numbers: Float64Array,
  valid: Uint8Array,
): void {
  for (let i = 0; i < n; i++) {
    const to = from + row[i];
    const records = count[i];
    valid[to] = records === 0 ? 0 : 1;
    numbers[to] = records === 0 ? 0 : (sums[since[i] + span[i]] - sums[since[i]]) / records;
  }
}

/** The places are read once, and what both look up there is waited for once. */
function averagesOfTwo(
  n: number,
  since: Uint32Array,
  span: Uint32Array,
  count: Uint32Array,
  sums: Sums,
  otherSums: Sums,
  row: Uint32Array,
  from: number,
  numbers: Float64Array,
  valid: Uint8Array,
  others: Float64Array,
  othersValid: Uint8Array,
): void {
  for (let i = 0; i < n; i++) {
    const to = from + row[i];
    const records = count[i];
    const first = since[i];
    const until = first + span[i];
    const isThere = records === 0 ? 0 : 1;
    valid[to] = isThere;
    othersValid[to] = isThere;
    numbers[to] = records === 0 ? 0 : (sums[until] - sums[first]) / records;
    others[to] = records === 0 ? 0 : (otherSums[until] - otherSums[first]) / records;
  }
}
