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

  constructor(block: number, keys: number) {
    this.row = new Uint32Array(block);
    this.key = new Int32Array(block);
    this.next = new Uint32Array(keys + 1);
  }

  /** Orders the rows [from, from + rows), whose key is −1 where they have none; returns how many have one. */
  sort(key: Int32Array, from: number, rows: number): number {
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
}
