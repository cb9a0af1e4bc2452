import { SECOND } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import { threadTime } from "./thread-time.ts";

/** The wall clock, in microseconds, and the process's monotonic clock. */
export function systemClock(): Clock {
  return {
    now: () => Math.floor((performance.timeOrigin + performance.now()) * 1000),
    ...threadTime,
    reserve: 10 * SECOND,
    advance: null,
  };
}
