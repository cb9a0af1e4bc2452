import { SECOND } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";

/** The wall clock, in microseconds, and the process's monotonic clock. */
export function systemClock(): Clock {
  let asked = { at: performance.now(), cpu: cpuMilliseconds() };
  return {
    now: () => Math.floor((performance.timeOrigin + performance.now()) * 1000),
    elapsed: () => performance.now() / 1000,
    busy: () => {
      const before = asked;
      asked = { at: performance.now(), cpu: cpuMilliseconds() };
      const time = asked.at - before.at;
      return time > 0 ? Math.min(1, (asked.cpu - before.cpu) / time) : 0;
    },
    reserve: 10 * SECOND,
    advance: null,
  };
}

/** By the processor's time: a thread that others keep from it is not busy. */
function cpuMilliseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
