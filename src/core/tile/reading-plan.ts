import type { Algebra, Contributed } from "../aggregation/aggregation.ts";
import type { Window } from "../time/window.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { blockOf, tileOf } from "./key-state.ts";
import { formOf, type SlotForm } from "./slot-form.ts";
import type { Level, ViewLayout } from "./view-layout.ts";

/**
 * The windows of one slot in one level. Their ends cut the level's tiles into stretches, always at the same distance
 * from the tile of the moment: hops divide lengths and offsets.
 */
export interface PlacePlan {
  readonly algebra: Algebra<unknown, Contributed>;
  readonly form: SlotForm;
  /** The stretches [from, until) of each window, those of one end together, longer ones later; and which of the level's it is. */
  readonly windows: readonly { readonly from: number; readonly until: number; readonly window: number }[];
}

export interface LevelPlan {
  readonly hop: number | null;
  /** Those that are not wanted have no windows. */
  readonly places: readonly PlacePlan[];
  /** The form of each place. */
  readonly forms: Uint8Array;
  /**
   * Where any place begins a stretch, ascending, as tiles counted from the tile of the moment: between two of them no place
   * changes its stretch.
   */
  readonly cuts: readonly number[];
  /** The stretch of a place from a cut on, at `place * cuts.length + cut`; −1 where no window of the place reaches so far. */
  readonly stretches: Int32Array;
  /** How many stretches all places have, and how many windows: both are numbered through the level. */
  readonly stretchCount: number;
  readonly windowCount: number;
}

/** What reading some features of a view needs to know, whatever the key and the moment. */
export interface ReadingPlan {
  readonly layout: ViewLayout;
  readonly levels: readonly LevelPlan[];
  /** Those that are wanted, then the event time. */
  readonly features: readonly {
    readonly level: number;
    /** Which of the windows of its level. */
    readonly windows: readonly number[];
    readonly isSeries: boolean;
  }[];
}

/** @param wanted which of the view's features, in this order; all of them if it is left out */
export function readingPlan(layout: ViewLayout, wanted?: readonly number[]): ReadingPlan {
  const eventTime = layout.features.length - 1;
  const asked = wanted === undefined ? layout.features : [...wanted, eventTime].map((i) => layout.features[i]);
  const windows = layout.levels.map((): PlacedWindow[] => []);
  const features = asked.map(({ level, place, window, elements }) => {
    const here = windows[level];
    const numbers = (elements ?? [window]).map((wanted) => {
      const found = here.findIndex(
        (one) => one.place === place && one.length === wanted.length && one.offset === wanted.offset,
      );
      return found >= 0 ? found : here.push({ ...wanted, place }) - 1;
    });
    return { level, windows: numbers, isSeries: elements !== null };
  });
  const levels = layout.levels.map((level, l) => levelPlan(layout, level, windows[l]));
  return { layout, levels, features };
}

/** The blocks of a level, closed or open, that windows of a plan may touch at t: [from, until). */
export function blocksAt(
  { layout, levels }: ReadingPlan,
  level: number,
  t: Timestamp,
): { readonly from: number; readonly until: number } {
  const { hop, cuts } = levels[level];
  if (hop === null || cuts.length === 0) return { from: 0, until: 0 };
  const now = tileOf(layout.levels[level], t);
  return { from: blockOf(now + cuts[0]), until: blockOf(now) + 1 };
}

/** The last cut that is not behind a tile, which is counted from the tile of the moment; −1 where no window reaches as far back. */
export function cutBefore({ cuts }: LevelPlan, back: number): number {
  let cut = cuts.length - 1;
  while (cut >= 0 && cuts[cut] > back) cut--;
  return cut;
}

/** A window of a slot's place in a level. */
type PlacedWindow = Window & { readonly place: number };

function levelPlan({ slots: all }: ViewLayout, { hop, slots }: Level, windows: readonly PlacedWindow[]): LevelPlan {
  let stretchCount = 0;
  const cut = slots.map((slot, place) => {
    const spans = windows.flatMap((window, number) => (window.place === place ? [{ ...tilesOf(window), number }] : []));
    const ends = ascending(spans.flatMap(({ from, until }) => [from, until]));
    const first = stretchCount;
    const cuts = ends.filter(Number.isFinite);
    stretchCount += cuts.length;
    const stretches = spans.map(({ from, until, number }) => ({
      from: first + ends.indexOf(from),
      until: first + ends.indexOf(until),
      window: number,
    }));
    return {
      plan: {
        algebra: all[slot].tiled,
        form: formOf(all[slot]),
        windows: stretches.sort((a, b) => b.until - a.until || b.from - a.from),
      },
      first,
      cuts,
    };
  });
  const cuts = ascending(cut.flatMap((place) => place.cuts));
  const stretches = cut.flatMap((place) =>
    cuts.map((at) => {
      const before = place.cuts.filter((own) => own <= at).length;
      return before === 0 ? -1 : place.first + before - 1;
    }),
  );
  return {
    hop,
    places: cut.map(({ plan }) => plan),
    forms: Uint8Array.from(cut, ({ plan }) => plan.form),
    cuts,
    stretches: Int32Array.from(stretches),
    stretchCount,
    windowCount: windows.length,
  };
}

/** The tiles [from, until) of a window, counted from the tile of the moment. */
function tilesOf({ length, hop, offset }: Window): { readonly from: number; readonly until: number } {
  return {
    from: length === null ? 0 : -(offset + length) / hop,
    until: length === null || offset === 0 ? Infinity : -offset / hop,
  };
}

function ascending(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}
