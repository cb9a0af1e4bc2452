import { AsofError } from "../../core/errors.ts";
import { MINUTE, SECOND, type Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";

/** How far the wall clock may run ahead of the monotonic one between two looks. */
const TOLERATED = 5 * MINUTE;

/**
 * A clock for stamps, which are for ever: it refuses to go on where the wall clock has jumped ahead of the monotonic
 * one, until someone confirms that the new time is right. Stepping back is harmless, as stamps do not follow. A
 * simulated clock jumps by design.
 */
export class SteadyClock {
  private readonly clock: Clock;
  private wall: Timestamp;
  private elapsed: number;

  constructor(clock: Clock) {
    this.clock = clock;
    this.wall = clock.now();
    this.elapsed = clock.elapsed();
  }

  /** @throws ASOF_CLOCK_JUMP */
  now(): Timestamp {
    const wall = this.clock.now();
    if (this.clock.advance !== null) return wall;
    const elapsed = this.clock.elapsed();
    const ahead = wall - this.wall - (elapsed - this.elapsed) * SECOND;
    if (ahead > TOLERATED)
      throw new AsofError(
        "ASOF_CLOCK_JUMP",
        `the clock jumped ${Math.round(ahead / MINUTE)} minutes ahead: nothing is stamped until that is confirmed`,
        {
          minutes: Math.round(ahead / MINUTE),
        },
      );
    this.wall = wall;
    this.elapsed = elapsed;
    return wall;
  }

  /** Takes the present time for right. */
  confirm(): void {
    this.wall = this.clock.now();
    this.elapsed = this.clock.elapsed();
  }
}
