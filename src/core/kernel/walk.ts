import { type Window, windowEnd, windowStart } from "../time/window.ts";
import type { Withdrawals } from "./withdrawals.ts";

/**
 * The records of one key at the places [from, until), ordered by the moment they become visible. `byEvent` lists
 * the same places by ascending event time; null where both orders are the same.
 */
export interface KeyRecords {
  readonly from: number;
  readonly until: number;
  /** max(event, available): visible at every t above it. */
  readonly visible: Float64Array;
  readonly event: Float64Array;
  readonly byEvent: Uint32Array | null;
  /** What `walkVisible` minds; null where nothing was withdrawn. */
  readonly withdrawn?: Withdrawals | null;
}

/** The moments asked about for one key at the places [from, until), ascending. */
export interface KeyMoments {
  readonly from: number;
  readonly until: number;
  readonly t: Float64Array;
}

/**
 * Walks the moments of a key with cursors: a record enters when it is visible and before the window's end, and
 * leaves when it falls behind the window's start, each at most once.
 *
 * At moment t with bounds [start, end), after moment t′ with [start′, end′):
 * - leave: start′ ≤ event < start, and it was in: visible < t′ and event < end′;
 * - enter: event ≥ start, and either t′ ≤ visible < t and event < end, or visible < t′ and end′ ≤ event < end.
 *
 * Without an offset the second way in cannot happen, as event ≤ visible.
 */
export function walk(
  records: KeyRecords,
  moments: KeyMoments,
  window: Window,
  enter: (record: number) => void,
  leave: (record: number) => void,
  emit: (moment: number) => void,
): void {
  const { visible, event, byEvent, from, until } = records;
  const hasTail = window.length !== null;
  const hasOffset = window.offset !== 0;
  let arriving = from;
  let leaving = from;
  let ending = from;
  let lastT = -Infinity;
  let lastEnd = -Infinity;
  for (let m = moments.from; m < moments.until; m++) {
    const t = moments.t[m];
    if (t !== lastT) {
      const start = windowStart(window, t);
      const end = windowEnd(window, t);
      if (hasTail)
        for (; leaving < until; leaving++) {
          const i = byEvent === null ? leaving : byEvent[leaving];
          if (!(event[i] < start)) break;
          if (visible[i] < lastT && event[i] < lastEnd) leave(i);
        }
      if (hasOffset)
        for (; ending < until; ending++) {
          const i = byEvent === null ? ending : byEvent[ending];
          if (!(event[i] < end)) break;
          if (visible[i] < lastT && event[i] >= start) enter(i);
        }
      for (; arriving < until && visible[arriving] < t; arriving++)
        if (event[arriving] >= start && event[arriving] < end) enter(arriving);
      lastT = t;
      lastEnd = end;
    }
    emit(m);
  }
}

/**
 * `walk` for counts and for sums of small integers, which doubles add and take away exactly: the number of records
 * in the window, and the sum of their values, at each moment. Values must be integers whose absolute sum stays
 * below 2^53; null values counts only. Results go to `counts` and `sums` by the moment's place.
 */
export function walkIntegers(
  records: KeyRecords,
  moments: KeyMoments,
  window: Window,
  values: Float64Array | null,
  valid: Uint8Array | null,
  counts: Float64Array,
  sums: Float64Array | null,
): void {
  const { visible, event, byEvent, from, until } = records;
  const hasTail = window.length !== null;
  const hasOffset = window.offset !== 0;
  let arriving = from;
  let leaving = from;
  let ending = from;
  let lastT = -Infinity;
  let lastEnd = -Infinity;
  let n = 0;
  let sum = 0;
  for (let m = moments.from; m < moments.until; m++) {
    const t = moments.t[m];
    if (t !== lastT) {
      const start = windowStart(window, t);
      const end = windowEnd(window, t);
      if (hasTail)
        for (; leaving < until; leaving++) {
          const i = byEvent === null ? leaving : byEvent[leaving];
          if (!(event[i] < start)) break;
          if (visible[i] < lastT && event[i] < lastEnd && (valid === null || valid[i] !== 0)) {
            n--;
            if (values !== null) sum -= values[i];
          }
        }
      if (hasOffset)
        for (; ending < until; ending++) {
          const i = byEvent === null ? ending : byEvent[ending];
          if (!(event[i] < end)) break;
          if (visible[i] < lastT && event[i] >= start && (valid === null || valid[i] !== 0)) {
            n++;
            if (values !== null) sum += values[i];
          }
        }
      for (; arriving < until && visible[arriving] < t; arriving++) {
        const e = event[arriving];
        if (e >= start && e < end && (valid === null || valid[arriving] !== 0)) {
          n++;
          if (values !== null) sum += values[arriving];
        }
      }
      lastT = t;
      lastEnd = end;
    }
    counts[m] = n;
    if (sums !== null) sums[m] = sum;
  }
}
