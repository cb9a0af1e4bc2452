/**
 * Numbers for keys of two or four 32-bit words, from 0 in the order in which they are first met. Open addressing on
 * typed arrays: no object and no string a key, so that millions of them cost what their bytes cost.
 */
export class WordTable {
  private readonly width: 2 | 4;
  /** By number the words of its key. */
  private keys: Uint32Array;
  /** By hash, and from there on: a number and one, or 0 for none. Never more than half full. */
  private places: Int32Array;
  private count = 0;

  constructor(width: 2 | 4) {
    this.width = width;
    this.keys = new Uint32Array(START * width);
    this.places = new Int32Array(2 * START);
  }

  get size(): number {
    return this.count;
  }

  /** The number of a key, which is new where it was not met before. Words beyond the width are 0. */
  add(a: number, b: number, c: number, d: number): number {
    const at = this.place(a, b, c, d);
    const known = this.places[at] - 1;
    if (known >= 0) return known;
    const number = this.count++;
    this.places[at] = number + 1;
    const key = number * this.width;
    this.keys[key] = a;
    this.keys[key + 1] = b;
    if (this.width === 4) {
      this.keys[key + 2] = c;
      this.keys[key + 3] = d;
    }
    if (this.count * 2 >= this.places.length) this.grow();
    return number;
  }

  /** The number of a key; −1 where it was never added. */
  find(a: number, b: number, c: number, d: number): number {
    return this.places[this.place(a, b, c, d)] - 1;
  }

  private place(a: number, b: number, c: number, d: number): number {
    const { keys, places, width } = this;
    const mask = places.length - 1;
    for (let at = hash(a, b, c, d) & mask; ; at = (at + 1) & mask) {
      const number = places[at] - 1;
      if (number < 0) return at;
      const key = number * width;
      if (keys[key] !== a || keys[key + 1] !== b) continue;
      if (width === 2 || (keys[key + 2] === c && keys[key + 3] === d)) return at;
    }
  }

  private grow(): void {
    const { keys, width, count } = this;
    this.keys = new Uint32Array(keys.length * 2);
    this.keys.set(keys);
    const places = new Int32Array(this.places.length * 2);
    const mask = places.length - 1;
    for (let number = 0; number < count; number++) {
      const key = number * width;
      const [c, d] = width === 2 ? [0, 0] : [keys[key + 2], keys[key + 3]];
      let at = hash(keys[key], keys[key + 1], c, d) & mask;
      while (places[at] !== 0) at = (at + 1) & mask;
      places[at] = number + 1;
    }
    this.places = places;
  }
}

/** A power of two, as every size after it. */
const START = 1024;

/**
 * Four words to 32 bits: each times an odd number of its own, which the processor does side by side, and their sum mixed as
 * MurmurHash3 ends (Appleby, 2011).
 */
function hash(a: number, b: number, c: number, d: number): number {
  let h = Math.imul(a, 0xcc9e2d51) + Math.imul(b, 0x9e3779b1) + Math.imul(c, 0x85ebca77) + Math.imul(d, 0xc2b2ae3d);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
