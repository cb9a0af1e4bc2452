import type { Algebra, Contributed } from "../aggregation/aggregation.ts";
import type { Window } from "../time/window.ts";
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
  readonly places: readonly PlacePlan[];
  /** The cuts of all places: between two of them no place changes its stretch. */
  readonly cuts: readonly number[];
}

/** What reading a view needs to know, whatever the key and the moment. */
export interface ReadingPlan {
  readonly levels: readonly LevelPlan[];
  readonly features: readonly {
    readonly level: number;
    readonly place: number;
    /** Which of the windows of its place. */
    readonly windows: readonly number[];
    readonly isSeries: boolean;
  }[];
}

const plans = new WeakMap<ViewLayout, ReadingPlan>();

export function readingPlan(layout: ViewLayout): ReadingPlan {
  const known = plans.get(layout);
  if (known !== undefined) return known;
  const windows = layout.levels.map(({ slots }) => slots.map((): Window[] => []));
  const features = layout.features.map(({ level, place, window, elements }) => {
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
  const plan = { levels, features };
  plans.set(layout, plan);
  return plan;
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
