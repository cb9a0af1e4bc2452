/**
 * For rows in any order: the first place of each row's key whose time is not below `at − back`. Times ascend within a
 * key, whose places are [first[k], first[k + 1]); a row without a key (−1) is left out. A search starts from where the
 * last one for the key ended, kept in `hints`, and gallops from there: a step or two where rows come in order of time,
 * O(log n) always; none where the time is that of the row before, as what is floored often is.
 */
export function locate(
  times: Float64Array,
  first: Uint32Array,
  key: Int32Array,
  at: Float64Array,
  rows: number,
  hints: Uint32Array,
  out: Uint32Array,
  back = 0,
): void {
  // What belongs to a key stays at hand while rows share it.
  let k = -1;
  let from = 0;
  let until = 0;
  let place = 0;
  let last = Number.NaN;
  for (let i = 0; i < rows; i++) {
    const asked = at[i];
    if (key[i] !== k) {
      if (k >= 0) hints[k] = place;
      k = key[i];
      last = Number.NaN;
      if (k < 0) continue;
      from = first[k];
      until = first[k + 1];
      place = hints[k];
    } else if (asked === last) {
      out[i] = place;
      continue;
    } else if (k < 0) continue;
    last = asked;
    const t = asked - back;
    if (place < until && times[place] < t) {
      if (++place < until && times[place] < t) place = gallopUp(times, place, until, t);
    } else if (place > from && times[place - 1] >= t) place = gallopDown(times, from, place - 1, t);
    out[i] = place;
  }
  if (k >= 0) hints[k] = place;
}

/** The first place in (low, until] whose time is ≥ t; `until` where none is. The time at `low` is below t. */
function gallopUp(times: Float64Array, low: number, until: number, t: number): number {
  let below = low;
  for (let step = 1; ; step *= 2) {
    const next = below + step;
    if (next >= until) return bisect(times, below, until, t);
    if (!(times[next] < t)) return bisect(times, below, next, t);
    below = next;
  }
}

/** The first place in [from, high] whose time is ≥ t. The time at `high` is. */
function gallopDown(times: Float64Array, from: number, high: number, t: number): number {
  let reached = high;
  for (let step = 1; ; step *= 2) {
    const next = reached - step;
    if (next < from) return reached === from ? from : times[from] < t ? bisect(times, from, reached, t) : from;
    if (times[next] < t) return bisect(times, next, reached, t);
    reached = next;
  }
}

/** The first place in (below, reached] whose time is ≥ t, where that at `below` is not and that at `reached` is. */
function bisect(times: Float64Array, below: number, reached: number, t: number): number {
  let low = below;
  let high = reached;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (times[middle] < t) low = middle;
    else high = middle;
  }
  return high;
}
