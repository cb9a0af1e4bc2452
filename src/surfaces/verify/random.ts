/** Numbers that look random and that a seed decides: the small fast counting generator (sfc32). */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(...seeds: readonly number[]) {
    this.a = 0x9e3779b9;
    this.b = 0x243f6a88;
    this.c = 0xb7e15162;
    for (const seed of seeds) {
      this.a = (this.a ^ (seed | 0)) | 0;
      this.b = (this.b ^ Math.floor(seed / 2 ** 32)) | 0;
      for (let i = 0; i < 16; i++) this.next();
    }
  }

  /** In [0, 1). */
  next(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t;
    return (t >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `greatest`. */
  whole(least: number, greatest: number): number {
    const span = greatest - least + 1;
    // Two draws, as spans of microseconds are wider than 32 bits.
    const share = span > 2 ** 32 ? this.next() + this.next() / 2 ** 32 : this.next();
    return Math.min(greatest, least + Math.floor(share * span));
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.whole(0, from.length - 1)];
  }

  /** One of several kinds, by weight. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of choices) if ((left -= weight) < 0) return value;
    return choices[choices.length - 1][1];
  }

  shuffled<T>(values: readonly T[]): T[] {
    const result = [...values];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.whole(0, i);
      [result[i], result[j]] = [result[j], result[i]];
    }
    return result;
  }
}
