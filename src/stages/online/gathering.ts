import type { ThreadTime } from "../../ports/clock.ts";

/** How long records gather before they are folded, in milliseconds: where there is time to spare, and at the most. */
const LEAST_MS = 7;
const MOST_MS = 100;
/** The share of what it could do that the thread should have to spare. */
const SPARE = 0.24;
/** Over how many seconds that is looked at. */
const WINDOW = 0.15;

/**
 * How long records gather before they are folded: part of the time from acknowledged to readable, so as short as can
 * be. But the longer it is, the more often records share a key, which is written once for all of them; so it grows
 * where little time is left: with the sixth power of what lacks, so that little changes until little is left. Time in
 * which the thread waits for a processor counts neither as work nor as spare: gathering longer would give it none back.
 */
export class Gathering {
  private readonly time: ThreadTime;
  private elapsed = 0;
  private idled = 0;
  private worked = 0;
  private besides = 0;
  milliseconds = LEAST_MS;

  constructor(time: ThreadTime) {
    this.time = time;
    this.begin();
  }

  /** Looks how much time there was to spare; told whenever records have gathered. */
  look(): void {
    if (this.time.elapsed() - this.elapsed < WINDOW) return;
    const idle = this.time.idled() - this.idled;
    const work = this.time.worked() - this.worked;
    const wanted = work > 0 ? SPARE / (idle / (idle + work)) : 0;
    // A moment in which there was much to do does not make a load, nor does one with less end it.
    const least = Math.max(LEAST_MS, this.milliseconds / 4);
    const most = this.besides > 0 ? this.milliseconds : Math.min(MOST_MS, 2 * this.milliseconds);
    this.milliseconds = Math.max(least, Math.min(most, LEAST_MS * wanted ** 6));
    this.begin();
  }

  /** Does work that can wait: the time that it takes is there to spare, so records gather no longer for it. */
  async beside<T>(work: () => Promise<T>): Promise<T> {
    this.besides++;
    try {
      return await work();
    } finally {
      this.besides--;
      this.begin();
    }
  }

  private begin(): void {
    this.elapsed = this.time.elapsed();
    this.idled = this.time.idled();
    this.worked = this.time.worked();
  }
}
