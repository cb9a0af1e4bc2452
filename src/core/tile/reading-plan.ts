import type { Algebra, Contributed } from "../aggregation/aggregation.ts";
import type { Window } from "../time/window.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { blockOf, tileOf } from "./key-state.ts";
import { formOf, type SlotForm } from "./slot-form.ts";
import type { Slot, ViewLayout } from "./view-layout.ts";

/**
 * The windows of one slot in one level. Their ends cut the level's tiles into stretches, always at the same distance
 * from the tile of the moment: hops divide lengths and offsets.
 */
export interface PlacePlan {
  readonly algebra: Algebra<unknown, Contributed>;
  readonly form: SlotForm;
  /** The first tile of each stretch, ascending, counted from the tile of the moment. */
  readonly cuts: readonly number[];
  /** The stretches [from, until) of each window, those of one end together, longer ones later. */
  readonly windows: readonly { readonly from: number; readonly until: number; readonly window: number }[];
}

export interface LevelPlan {
  readonly hop: number | null;
  /** Those that are not wanted have no windows. */
  readonly places: readonly PlacePlan[];
  /** The cuts of all places: between two of them no place changes its stretch. */
  readonly cuts: readonly number[];
}

/** What reading some features of a view needs to know, whatever the key and the moment. */
export interface ReadingPlan {
  readonly layout: ViewLayout;
  readonly levels: readonly LevelPlan[];
  /** Those that are wanted, then the event time. */
  readonly features: readonly {
    readonly level: number;
    readonly place: number;
    /** Which of the windows of its place. */
    readonly windows: readonly number[];
    readonly isSeries: boolean;
  }[];
}

/** @param wanted which of the view's features, in this order; all of them if it is left out */
export function readingPlan(layout: ViewLayout, wanted?: readonly number[]): ReadingPlan {
  const eventTime = layout.features.length - 1;
  const asked = wanted === undefined ? layout.features : [...wanted, eventTime].map((i) => layout.features[i]);
  const windows = layout.levels.map(({ slots }) => slots.map((): Window[] => []));
  const features = asked.map(({ level, place, window, elements }) => {
    const here = windows[level][place];
    const numbers = (elements ?? [window]).map((wanted) => {
      const found = here.findIndex(({ length, offset }) => length === wanted.length && offset === wanted.offset);
      return found >= 0 ? found : here.push(wanted) - 1;
    });
    return { level, place, windows: numbers, isSeries: elements !== null };
  });
  const levels = layout.levels.map(({ hop, slots }, l) => {
    const places = slots.map((slot, place) => placePlan(layout.slots[slot], windows[l][place]));
    return {
      hop,
      places,
      cuts: [...new Set(places.flatMap(({ cuts }) => cuts))].sort((a, b) => a - b),
    };
  });
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

function placePlan(slot: Slot, windows: readonly Window[]): PlacePlan {
  const tiles = windows.map(({ length, hop, offset }) => ({
    from: length === null ? 0 : -(offset + length) / hop,
    until: length === null || offset === 0 ? Infinity : -offset / hop,
  }));
  const cuts = [...new Set(tiles.flatMap(({ from, until }) => [from, until]))].sort((a, b) => a - b);
  const spans = tiles.map(({ from, until }, window) => ({
    from: cuts.indexOf(from),
    until: cuts.indexOf(until),
    window,
  }));
  return {
    algebra: slot.tiled,
    form: formOf(slot),
    cuts: cuts.filter(Number.isFinite),
    windows: spans.sort((a, b) => b.until - a.until || b.from - a.from),
  };
}
