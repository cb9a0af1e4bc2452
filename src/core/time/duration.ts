import { AsofError } from "../errors.ts";
import { DAY, HOUR, MILLISECOND, MINUTE, SECOND } from "./timestamp.ts";

/** A length of time as users write it: a whole number and a unit, such as `"15m"`, `"3h"`, `"7d"`. */
export type DurationText = `${number}${"us" | "ms" | "s" | "m" | "h" | "d" | "w"}`;

const units: Readonly<Record<string, number>> = {
  us: 1,
  ms: MILLISECOND,
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
  w: 7 * DAY,
};

/** Reads a duration as whole microseconds. @throws AsofError ASOF_WINDOW */
export function parseDuration(text: string): number {
  const match = /^(\d+)(us|ms|s|m|h|d|w)$/.exec(text);
  const micros = match === null ? Number.NaN : Number(match[1]) * units[match[2]];
  if (!Number.isSafeInteger(micros))
    throw new AsofError(
      "ASOF_WINDOW",
      `"${text}" is not a duration: write a whole number and one of us, ms, s, m, h, d, w`,
      { value: text },
    );
  return micros;
}

/** The shortest exact text of a duration: 3_600_000_000 → "1h". */
export function formatDuration(micros: number): DurationText {
  for (const unit of ["d", "h", "m", "s", "ms"] as const)
    if (micros !== 0 && micros % units[unit] === 0) return `${micros / units[unit]}${unit}`;
  return `${micros}us`;
}
