import { DAY, type Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";

/** A clock that stands still until it is told to move, and only moves forward. */
export function simulatedClock(start: Timestamp): Clock {
  let now = start;
  return {
    now: () => now,
    elapsed: () => performance.now() / 1000,
    idled: () => performance.nodeTiming.idleTime / 1000,
    reserve: DAY,
    advance: (to) => {
      now = Math.max(now, to);
    },
  };
}
