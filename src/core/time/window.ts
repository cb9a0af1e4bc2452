import { AsofError } from "../errors.ts";
import { DAY, HOUR, MINUTE, SECOND, type Timestamp } from "./timestamp.ts";
import { formatDuration } from "./duration.ts";

/**
 * A window over event time, in microseconds. Read at t it covers `[floor_hop(t − offset − length), end)`, where
 * the end is t itself without an offset and `floor_hop(t − offset)` with one: live at its head, hop-aligned at
 * its tail. A length of null ("lifetime") has no tail.
 */
export interface Window {
  readonly length: number | null;
  readonly hop: number;
  readonly offset: number;
}

/** The first event time that counts at t. −Infinity for a lifetime window. */
export function windowStart(window: Window, t: Timestamp): number {
  return window.length === null ? -Infinity : floorTo(t - window.offset - window.length, window.hop);
}

/** The first event time that no longer counts at t. */
export function windowEnd(window: Window, t: Timestamp): Timestamp {
  return window.offset === 0 ? t : floorTo(t - window.offset, window.hop);
}

/**
 * The greatest multiple of `step` that is ≤ t, also before 1970. Exact for integers within ±2^53: the quotient never
 * rounds below the true floor, and where it rounds up to the next integer the product exceeds t.
 */
export function floorTo(t: number, step: number): number {
  const multiple = Math.floor(t / step) * step;
  return multiple > t ? multiple - step : multiple;
}

/** The hop of a window whose definition names none. */
export function defaultHop(length: number): number {
  if (length < HOUR) {
    for (const hop of [60 * SECOND, 30 * SECOND, 15 * SECOND, 5 * SECOND, SECOND])
      if (hop * 12 <= length && length % hop === 0) return hop;
    throw new AsofError(
      "ASOF_WINDOW",
      `a window of ${formatDuration(length)} has no default hop: state one that divides it`,
      {
        length: formatDuration(length),
      },
    );
  }
  if (length < 12 * HOUR) return 5 * MINUTE;
  if (length < 12 * DAY) return HOUR;
  return DAY;
}

/** Checks a window and fills in its hop. @throws AsofError ASOF_WINDOW */
export function makeWindow(
  length: number | null,
  options: { readonly hop?: number; readonly offset?: number } = {},
): Window {
  const fail = (why: string): never => {
    throw new AsofError(
      "ASOF_WINDOW",
      `a window of ${length === null ? "lifetime" : formatDuration(length)}: ${why}`,
      {},
    );
  };
  if (length !== null && !(length > 0)) fail("its length must be positive");
  if (length === null && (options.hop !== undefined || options.offset !== undefined))
    fail("it has neither hop nor offset");
  const hop = options.hop ?? (length === null ? DAY : defaultHop(length));
  const offset = options.offset ?? 0;
  if (!Number.isSafeInteger(hop) || hop <= 0) fail("its hop must be a positive duration");
  if (length !== null && length % hop !== 0) fail(`its length is not a multiple of its hop ${formatDuration(hop)}`);
  if (offset < 0 || offset % hop !== 0) fail(`its offset is not a multiple of its hop ${formatDuration(hop)}`);
  return { length, hop, offset };
}

/** Refuses hops of one view that do not form a chain of divisors. @throws AsofError ASOF_WINDOW */
export function checkHops(hops: readonly number[]): void {
  const sorted = [...new Set(hops)].sort((a, b) => a - b);
  for (let i = 1; i < sorted.length; i++)
    if (sorted[i] % sorted[i - 1] !== 0)
      throw new AsofError(
        "ASOF_WINDOW",
        `the hops ${formatDuration(sorted[i - 1])} and ${formatDuration(sorted[i])} of one view do not divide one another`,
        {},
      );
}
