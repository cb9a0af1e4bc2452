import type { Bucket } from "./token-bucket.ts";

/** What the process that counts for all gives to one of them. */
export interface Lease {
  /** Requests that it may let through. */
  readonly count: number;
  /** Where that is none, the seconds until there is one. */
  readonly wait: number;
}

/** Asks for so many requests at the most, and gives back those of the last lease that did not come. */
export type AskForLease = (most: number, unused: number) => Promise<Lease>;

/** A lease is for a twentieth of a second's requests, and no longer than that: so much may come at once beyond the rate. */
const SHARE = 20;
const HOLDS = 1000 / SHARE;

/** A caller's requests to one of several processes, of which another counts what comes to all of them. */
export class LeasedBucket implements Bucket {
  private readonly ask: AskForLease;
  private readonly most: number;
  private held = 0;
  /** Until when what is held may be used. */
  private until = -Infinity;
  /** Until when it is known that there is none. */
  private refusedUntil = -Infinity;
  private asking: Promise<Lease> | null = null;

  constructor(rate: number, ask: AskForLease) {
    this.most = Math.max(1, Math.floor(rate / SHARE));
    this.ask = ask;
  }

  take(now: number): number | Promise<number> {
    if (this.held > 0 && now < this.until) {
      this.held--;
      return 0;
    }
    return now < this.refusedUntil ? (this.refusedUntil - now) / 1000 : this.await();
  }

  /** Those who come while a lease is asked for share it; who finds nothing left asks for the next. */
  private async await(): Promise<number> {
    for (;;) {
      const { count, wait } = await (this.asking ??= this.lease());
      if (this.held > 0) {
        this.held--;
        return 0;
      }
      if (count === 0) return wait;
    }
  }

  private async lease(): Promise<Lease> {
    const unused = this.held;
    this.held = 0;
    try {
      const lease = await this.ask(this.most, unused);
      const now = performance.now();
      this.held = lease.count;
      this.until = now + HOLDS;
      if (lease.count === 0) this.refusedUntil = now + lease.wait * 1000;
      return lease;
    } finally {
      this.asking = null;
    }
  }
}
