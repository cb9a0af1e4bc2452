import type { Clock } from "../../src/ports/clock.ts";

/** A clock that shows what a test says, and that a store may set; no time passes by itself. */
export function setClock(now: () => number, set: (to: number) => void, reserve: number): Clock {
  return { now, elapsed: () => 0, idled: () => 0, worked: () => 0, reserve, advance: set };
}
