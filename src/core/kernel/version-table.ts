import { locate } from "./locate.ts";
import { KeyOrder } from "./key-order.ts";
import { placesByKey } from "./group.ts";
import type { KeyedRows } from "./prefix-windows.ts";

/** Rows of a batch view, by row: the dense key, both times and the log entry of each. */
export interface Versions {
  readonly key: Float64Array;
  readonly available: Float64Array;
  readonly event: Float64Array;
  readonly entry: Float64Array;
  /** From when on each is there, where that is not when it became available: its own time, in hindsight. */
  readonly since?: Float64Array;
}

/**
 * The version of each key that counts at a moment: the greatest by (event, available, entry) among those available by
 * then. By that time each place knows the greatest up to itself; a moment is looked up by that time alone.
 */
export class VersionTable {
  private readonly first: Uint32Array;
  /** From when on the version of a place is there. */
  private readonly since: Float64Array;
  /** The row that counts from a place on. */
  private readonly best: Uint32Array;

  constructor(keys: number, { key, available, event, entry, since = available }: Versions) {
    const { first, place } = placesByKey(keys, key, since);
    const times = new Float64Array(place.length);
    const best = new Uint32Array(place.length);
    for (let row = 0; row < place.length; row++) {
      times[place[row]] = since[row];
      best[place[row]] = row;
    }
    const exceeds = (a: number, b: number): boolean => {
      if (event[a] !== event[b]) return event[a] > event[b];
      return available[a] !== available[b] ? available[a] > available[b] : entry[a] > entry[b];
    };
    for (let k = 0; k < keys; k++)
      for (let p = first[k] + 1; p < first[k + 1]; p++) if (exceeds(best[p - 1], best[p])) best[p] = best[p - 1];
    this.first = first;
    this.since = times;
    this.best = best;
  }

  /** A reader for rows in any order, one for each sequence of rows: the version of each, −1 where there is none. */
  reader(): (rows: KeyedRows) => Int32Array {
    const { first, since, best } = this;
    const hints = first.slice(0, -1);
    const order = new KeyOrder(BLOCK, hints.length);
    const at = new Float64Array(BLOCK);
    const until = new Uint32Array(BLOCK);
    return ({ rows, key, t }) => {
      const found = new Int32Array(rows).fill(-1);
      for (let from = 0; from < rows; from += BLOCK) {
        const n = order.sort(key, from, Math.min(BLOCK, rows - from));
        for (let i = 0; i < n; i++) at[i] = t[from + order.row[i]];
        // What is available at t counts: all below the next microsecond.
        locate(since, first, order.key, at, n, hints, until, -1);
        for (let i = 0; i < n; i++)
          if (until[i] !== first[order.key[i]]) found[from + order.row[i]] = best[until[i] - 1];
      }
      return found;
    };
  }
}

const BLOCK = 65_536;
