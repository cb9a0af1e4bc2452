/** Says of each request of a caller whether it is within his rate. */
export interface Bucket {
  /**
   * Takes one; gives the seconds to wait where there is none, and 0 where there was.
   * @param now milliseconds of a clock that never steps back
   */
  take(now: number): number | Promise<number>;
}

/** Makes what counts a caller's requests: so many a second. */
export type MakeBucket = (who: string, rate: number) => Bucket;

/** Lets so many requests a second through, and a second's worth at once. Exact: it counts what has run in, not ticks. */
export class TokenBucket implements Bucket {
  readonly rate: number;
  private readonly size: number;
  private held: number;
  private at: number;

  /** @param now milliseconds of a clock that never steps back */
  constructor(rate: number, now: number) {
    this.rate = rate;
    this.size = Math.max(1, rate);
    this.held = this.size;
    this.at = now;
  }

  take(now: number): number {
    return this.takeSome(1, now) === 1 ? 0 : this.wait;
  }

  /** Takes so many at the most; gives how many there were. */
  takeSome(most: number, now: number): number {
    this.held = Math.min(this.size, this.held + ((now - this.at) * this.rate) / 1000);
    this.at = now;
    const taken = Math.min(most, Math.floor(this.held));
    this.held -= taken;
    return taken;
  }

  /** Seconds until there is one, as of the last time that some were taken. */
  get wait(): number {
    return Math.max(0, 1 - this.held) / this.rate;
  }

  /** Takes back what was taken and not used. */
  giveBack(count: number): void {
    this.held = Math.min(this.size, this.held + count);
  }
}

/** Counts in this process, which is the only one that answers. */
export const countedHere: MakeBucket = (_who, rate) => new TokenBucket(rate, performance.now());

/** Counts nothing: another process has, before it sent the request on. */
export const countedBefore: MakeBucket = () => ({ take: () => 0 });
