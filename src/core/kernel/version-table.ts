import { locate } from "./locate.ts";
import { placesByKey } from "./group.ts";
import type { KeyedRows } from "./prefix-windows.ts";

/** Rows of a batch view, by row: the dense key, both times and the log entry of each. */
export interface Versions {
  readonly key: Float64Array;
  readonly available: Float64Array;
  readonly event: Float64Array;
  readonly entry: Float64Array;
}

/**
 * The version of each key that counts at a moment: the greatest by (event, available, entry) among those available by
 * then. By available time each place knows the greatest up to itself; a moment is looked up by that time alone.
 */
export class VersionTable {
  private readonly first: Uint32Array;
  /** Available times by place. */
  private readonly available: Float64Array;
  /** The row that counts from a place on. */
  private readonly best: Uint32Array;

  constructor(keys: number, { key, available, event, entry }: Versions) {
    const { first, place } = placesByKey(keys, key, available);
    const times = new Float64Array(place.length);
    const best = new Uint32Array(place.length);
    for (let row = 0; row < place.length; row++) {
      times[place[row]] = available[row];
      best[place[row]] = row;
    }
    const exceeds = (a: number, b: number): boolean => {
      if (event[a] !== event[b]) return event[a] > event[b];
      return available[a] !== available[b] ? available[a] > available[b] : entry[a] > entry[b];
    };
    for (let k = 0; k < keys; k++)
      for (let p = first[k] + 1; p < first[k + 1]; p++) if (exceeds(best[p - 1], best[p])) best[p] = best[p - 1];
    this.first = first;
    this.available = times;
    this.best = best;
  }

  /** A reader for rows in any order; one for each sequence of rows. */
  reader(): (rows: KeyedRows) => Int32Array {
    const { first, available, best } = this;
    const hints = first.slice(0, -1);
    return ({ rows, key, t }) => {
      const until = new Uint32Array(rows);
      // Available at t counts: the search is for times below the next microsecond.
      const after = new Float64Array(rows);
      for (let i = 0; i < rows; i++) after[i] = t[i] + 1;
      locate(available, first, key, after, rows, hints, until);
      const found = new Int32Array(rows);
      for (let i = 0; i < rows; i++) found[i] = key[i] < 0 || until[i] === first[key[i]] ? -1 : best[until[i] - 1];
      return found;
    };
  }
}
