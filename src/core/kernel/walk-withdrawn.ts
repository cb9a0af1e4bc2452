import { type Window, windowEnd, windowStart } from "../time/window.ts";
import { type KeyMoments, type KeyRecords, walk, walkIntegers } from "./walk.ts";
import type { Withdrawals } from "./withdrawals.ts";

/** What was withdrawn of a key's records; null where nothing was, as for most keys. */
export function withdrawnOf({ withdrawn, from, until }: KeyRecords): Withdrawals | null {
  if (withdrawn === undefined || withdrawn === null || from === until) return null;
  return withdrawn.at[withdrawn.order[from]] === Infinity ? null : withdrawn;
}

/** `walk`, also for a key with records that were withdrawn. */
export function walkVisible(
  records: KeyRecords,
  moments: KeyMoments,
  window: Window,
  enter: (record: number) => void,
  leave: (record: number) => void,
  emit: (moment: number) => void,
): void {
  const withdrawn = withdrawnOf(records);
  if (withdrawn === null) walk(records, moments, window, enter, leave, emit);
  else walkWithdrawn(records, withdrawn, moments, window, enter, leave, emit);
}

/** `walkIntegers`, also for a key with records that were withdrawn. */
export function walkVisibleIntegers(
  records: KeyRecords,
  moments: KeyMoments,
  window: Window,
  values: Float64Array | null,
  valid: Uint8Array | null,
  counts: Float64Array,
  sums: Float64Array | null,
): void {
  const withdrawn = withdrawnOf(records);
  if (withdrawn === null) return walkIntegers(records, moments, window, values, valid, counts, sums);
  let n = 0;
  let sum = 0;
  const change = (i: number, sign: 1 | -1): void => {
    if (valid !== null && valid[i] === 0) return;
    n += sign;
    if (values !== null) sum += sign * values[i];
  };
  walkWithdrawn(
    records,
    withdrawn,
    moments,
    window,
    (i) => change(i, 1),
    (i) => change(i, -1),
    (m) => {
      counts[m] = n;
      if (sums !== null) sums[m] = sum;
    },
  );
}

/**
 * As `walk`, where a record also leaves once its withdrawal is known, and does not come in again.
 *
 * At moment t with bounds [start, end), after moment t′ with [start′, end′), a record with visible time v that is
 * withdrawn at x was in where v < t′, start′ ≤ event < end′ and not x < t′:
 * - leave: it was in, and start′ ≤ event < start;
 * - leave: it was in, start ≤ event, and t′ ≤ x < t;
 * - enter: as in `walk`, where not x < t.
 */
function walkWithdrawn(
  records: KeyRecords,
  withdrawn: Withdrawals,
  moments: KeyMoments,
  window: Window,
  enter: (record: number) => void,
  leave: (record: number) => void,
  emit: (moment: number) => void,
): void {
  const { visible, event, byEvent, from, until } = records;
  const { at, order } = withdrawn;
  let arriving = from;
  let leaving = from;
  let ending = from;
  let going = from;
  let lastT = -Infinity;
  let lastEnd = -Infinity;
  const wasIn = (i: number): boolean => visible[i] < lastT && event[i] < lastEnd && !(at[i] < lastT);
  for (let m = moments.from; m < moments.until; m++) {
    const t = moments.t[m];
    if (t !== lastT) {
      const start = windowStart(window, t);
      const end = windowEnd(window, t);
      for (; leaving < until; leaving++) {
        const i = byEvent === null ? leaving : byEvent[leaving];
        if (!(event[i] < start)) break;
        if (wasIn(i)) leave(i);
      }
      for (; going < until; going++) {
        const i = order[going];
        if (!(at[i] < t)) break;
        if (event[i] >= start && wasIn(i)) leave(i);
      }
      for (; ending < until; ending++) {
        const i = byEvent === null ? ending : byEvent[ending];
        if (!(event[i] < end)) break;
        if (event[i] >= start && event[i] >= lastEnd && visible[i] < lastT && !(at[i] < t)) enter(i);
      }
      for (; arriving < until && visible[arriving] < t; arriving++)
        if (event[arriving] >= start && event[arriving] < end && !(at[arriving] < t)) enter(arriving);
      lastT = t;
      lastEnd = end;
    }
    emit(m);
  }
}
