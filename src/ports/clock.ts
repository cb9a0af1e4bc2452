import type { Timestamp } from "../core/time/timestamp.ts";

/** What a thread does with its time, in seconds. */
export interface ThreadTime {
  /** Since some moment, by a clock that only goes forward in real time: how long work takes. */
  elapsed(): number;
  /** Of these, those in which the event loop had nothing to do. */
  idled(): number;
  /** Those in which the thread had a processor. What is left it waited for one, or for a disk. */
  worked(): number;
}

/**
 * Where the time comes from. Nothing in core or stages reads the wall clock, so that a year can be replayed in a
 * minute and served as of then.
 */
export interface Clock extends ThreadTime {
  /** The present, in microseconds. May stand still or step back; stamps made from it never do. */
  now(): Timestamp;
  /**
   * How far ahead of the present moments may be handed out before they are made durable, in microseconds. After a
   * crash stamps continue behind that reserve, so it should be short in real time.
   */
  readonly reserve: number;
  /** Moves a simulated clock forward; null for a clock that moves by itself. */
  readonly advance: ((to: Timestamp) => void) | null;
}
