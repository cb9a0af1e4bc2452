/**
 * Rows grouped by a dense key, 0 to keys − 1, and ordered by a time within each group: `order[first[k]]` to
 * `order[first[k + 1] − 1]` are the rows of key k by ascending time.
 */
export interface Grouping {
  readonly order: Uint32Array;
  readonly first: Uint32Array;
}

/** Where each row of a table goes when it is grouped: row i takes the place `place[i]`. */
export interface Places {
  readonly place: Uint32Array;
  readonly first: Uint32Array;
}

/**
 * Groups rows by key with a counting sort, then orders each group by time, rows of one time in their order. Keys whose
 * rows arrive in order of time cost one pass; others a merge sort that starts from the runs that are there.
 */
export function placesByKey(keys: number, key: Float64Array | Int32Array, time: Float64Array): Places {
  const rows = key.length;
  const first = new Uint32Array(keys + 1);
  for (let i = 0; i < rows; i++) first[key[i] + 1]++;
  for (let k = 0; k < keys; k++) first[k + 1] += first[k];
  const place = new Uint32Array(rows);
  const next = first.slice(0, keys);
  const last = new Float64Array(keys).fill(-Infinity);
  const isUnordered = new Uint8Array(keys);
  let unordered = 0;
  for (let i = 0; i < rows; i++) {
    const k = key[i];
    place[i] = next[k]++;
    if (time[i] < last[k]) {
      isUnordered[k] = 1;
      unordered++;
    }
    last[k] = time[i];
  }
  if (unordered === 0) return { place, first };
  const order = inverse(place);
  const sorter = new RunSorter();
  for (let k = 0; k < keys; k++) {
    if (isUnordered[k] === 0) continue;
    sorter.sort(order, first[k], first[k + 1], time);
    for (let p = first[k]; p < first[k + 1]; p++) place[order[p]] = p;
  }
  return { place, first };
}

/** The same grouping by place: which row stands there. */
export function groupByKey(keys: number, key: Float64Array, time: Float64Array): Grouping {
  const { place, first } = placesByKey(keys, key, time);
  return { order: inverse(place), first };
}

function inverse(place: Uint32Array): Uint32Array {
  const order = new Uint32Array(place.length);
  for (let i = 0; i < place.length; i++) order[place[i]] = i;
  return order;
}

/** A stable merge sort of indices by the times they point at, from natural runs. Keeps its buffers between calls. */
export class RunSorter {
  private scratch = new Uint32Array(0);
  private readonly bounds: number[] = [];

  /** Orders `order[from, until)` by `time`. */
  sort(order: Uint32Array, from: number, until: number, time: Float64Array): void {
    const bounds = this.bounds;
    bounds.length = 0;
    bounds.push(from);
    for (let i = from + 1; i < until; i++) if (time[order[i]] < time[order[i - 1]]) bounds.push(i);
    if (bounds.length === 1) return;
    bounds.push(until);
    if (this.scratch.length < until - from) this.scratch = new Uint32Array(until - from);
    let runs = bounds.length - 1;
    while (runs > 1) {
      let written = 0;
      for (let r = 0; r + 1 < runs; r += 2) {
        this.merge(order, bounds[r], bounds[r + 1], bounds[r + 2], time);
        bounds[written++] = bounds[r];
      }
      if (runs % 2 === 1) bounds[written++] = bounds[runs - 1];
      bounds[written] = until;
      runs = written;
    }
  }

  /**
   * Merges the neighbours [a, b) and [b, c): the part of the left one that moves stands aside, the result grows from
   * where that begins. Runs that overlap little, as in files that are almost in order, cost little.
   */
  private merge(order: Uint32Array, a: number, b: number, c: number, time: Float64Array): void {
    const smallest = time[order[b]];
    const greatest = time[order[b - 1]];
    if (greatest <= smallest) return;
    const from = search(a, b, (p) => time[order[p]] > smallest);
    const until = search(b, c, (p) => time[order[p]] >= greatest);
    const left = this.scratch;
    const size = b - from;
    for (let i = 0; i < size; i++) left[i] = order[from + i];
    let i = 0;
    let j = b;
    let out = from;
    while (i < size && j < until) order[out++] = time[order[j]] < time[left[i]] ? order[j++] : left[i++];
    while (i < size) order[out++] = left[i++];
  }
}

/** The first place in [from, until] from which on the condition holds. */
function search(from: number, until: number, holds: (place: number) => boolean): number {
  let low = from;
  let high = until;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
