import { BoundedMap } from "../http/access/bounded-map.ts";
import { type AskForLease, type Lease, LeasedBucket } from "../http/access/leased-bucket.ts";
import { type Bucket, TokenBucket } from "../http/access/token-bucket.ts";
import type { LeaseRequest, LeaseAnswer } from "./messages.ts";

/** Callers whose requests are counted at once. */
const CALLERS = 10_000;

/** In the process that supervises: counts the requests of each caller, whichever process they come to. */
export class RateLeases {
  private readonly buckets = new BoundedMap<string, TokenBucket>(CALLERS);

  answer({ id, who, rate, most, unused }: LeaseRequest, now: number): LeaseAnswer {
    let bucket = this.buckets.get(who);
    // Another configuration may be taken up meanwhile.
    if (bucket?.rate !== rate) this.buckets.set(who, (bucket = new TokenBucket(rate, now)));
    else bucket.giveBack(unused);
    const count = bucket.takeSome(most, now);
    return { kind: "leased", id, count, wait: count === 0 ? bucket.wait : 0 };
  }
}

/** In a process that answers: the way to those counts. */
export class LeaseClient {
  private readonly send: (request: LeaseRequest) => void;
  private readonly waiting = new Map<number, (lease: Lease) => void>();
  private last = 0;

  constructor(send: (request: LeaseRequest) => void) {
    this.send = send;
  }

  bucket = (who: string, rate: number): Bucket => {
    const ask: AskForLease = (most, unused) =>
      new Promise((resolve) => {
        const id = ++this.last;
        this.waiting.set(id, resolve);
        this.send({ kind: "lease", id, who, rate, most, unused });
      });
    return new LeasedBucket(rate, ask);
  };

  heard({ id, ...lease }: LeaseAnswer): void {
    this.waiting.get(id)?.(lease);
    this.waiting.delete(id);
  }
}
