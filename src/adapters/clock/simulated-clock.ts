import { DAY, type Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import { threadTime } from "./thread-time.ts";

/** A clock that stands still until it is told to move, and only moves forward. */
export function simulatedClock(start: Timestamp): Clock {
  let now = start;
  return {
    now: () => now,
    ...threadTime,
    reserve: DAY,
    advance: (to) => {
      now = Math.max(now, to);
    },
  };
}
