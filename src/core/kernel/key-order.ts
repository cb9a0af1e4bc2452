/**
 * Orders the rows of a block by their keys, so that work on them goes through memory key by key: rows in their own
 * order jump between the keys' places, and a page that is not at hand costs more than all the arithmetic.
 */
export class KeyOrder {
  /** The rows of the block that have a key, from its start on, by key; in their order within one. */
  readonly row: Uint32Array;
  /** The key of each of them. */
  readonly key: Int32Array;
  private readonly next: Uint32Array;
  /** Keys beyond the digits of one pass are ordered digit by digit. */
  private readonly passes: number;
  private readonly scratch: { readonly row: Uint32Array; readonly key: Int32Array } | null;

  constructor(block: number, keys: number) {
    this.row = new Uint32Array(block);
    this.key = new Int32Array(block);
    this.passes = keys <= ONE_PASS ? 1 : Math.ceil(Math.log2(keys) / DIGIT);
    this.next = new Uint32Array((this.passes === 1 ? keys : 2 ** DIGIT) + 1);
    this.scratch = this.passes === 1 ? null : { row: new Uint32Array(block), key: new Int32Array(block) };
  }

  /** Orders the rows [from, from + rows), whose key is −1 where they have none; returns how many have one. */
  sort(key: Int32Array, from: number, rows: number): number {
    if (this.scratch !== null) return this.sortByDigits(key, from, rows, this.scratch);
    const { next } = this;
    next.fill(0);
    for (let i = 0; i < rows; i++) next[key[from + i] + 1]++;
    const none = next[0];
    next[0] = 0;
    for (let k = 1; k < next.length; k++) next[k] += next[k - 1];
    for (let i = 0; i < rows; i++) {
      const k = key[from + i];
      if (k < 0) continue;
      const place = next[k]++;
      this.row[place] = i;
      this.key[place] = k;
    }
    return rows - none;
  }

  /** The lowest digit first: each pass keeps the order of the one before where its own digits are equal. */
  private sortByDigits(key: Int32Array, from: number, rows: number, scratch: NonNullable<KeyOrder["scratch"]>): number {
    const { next, passes } = this;
    const mine = { row: this.row, key: this.key };
    let [source, target] = passes % 2 === 0 ? [mine, scratch] : [scratch, mine];
    let n = 0;
    for (let i = 0; i < rows; i++) {
      if (key[from + i] < 0) continue;
      source.row[n] = i;
      source.key[n++] = key[from + i];
    }
    for (let pass = 0; pass < passes; pass++) {
      const shift = pass * DIGIT;
      next.fill(0);
      for (let i = 0; i < n; i++) next[((source.key[i] >>> shift) & MASK) + 1]++;
      for (let d = 1; d < next.length; d++) next[d] += next[d - 1];
      for (let i = 0; i < n; i++) {
        const place = next[(source.key[i] >>> shift) & MASK]++;
        target.row[place] = source.row[i];
        target.key[place] = source.key[i];
      }
      [source, target] = [target, source];
    }
    return n;
  }
}

/** Up to so many keys, counting all of them is less than a second pass over the rows. */
const ONE_PASS = 2 ** 17;
const DIGIT = 12;
const MASK = 2 ** DIGIT - 1;
