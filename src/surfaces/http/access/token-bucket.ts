/** Lets so many requests a second through, and a second's worth at once. Exact: it counts what has run in, not ticks. */
export class TokenBucket {
  private readonly rate: number;
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

  /** Takes one; gives the seconds to wait where there is none, and 0 where there was. */
  take(now: number): number {
    this.held = Math.min(this.size, this.held + ((now - this.at) * this.rate) / 1000);
    this.at = now;
    if (this.held < 1) return (1 - this.held) / this.rate;
    this.held -= 1;
    return 0;
  }
}
