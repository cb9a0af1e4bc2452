import { DAY } from "../../core/time/timestamp.ts";

/** The first and the last time in a stretch of a file. */
export type Span = readonly [first: number, last: number];

/**
 * Whether rows that come in stretches of these spans are so nearly in the order of their days that each day's rows lie
 * together without sorting them. Where they do not, a day's file would be of crumbs, or in many files.
 */
export function nearlyByDay(spans: readonly Span[]): boolean {
  const days = spans
    .map(([first, last]) => [Math.floor(first / DAY), Math.floor(last / DAY)] as const)
    .toSorted((a, b) => a[0] - b[0]);
  let covered = 0;
  let touched = 0;
  let end = -Infinity;
  for (const [first, last] of days) {
    touched += last - first + 1;
    covered += Math.max(0, last - Math.max(first - 1, end));
    end = Math.max(end, last);
  }
  // A stretch ends in the midst of a day; beyond that, a day may be touched twice.
  return touched <= 2 * covered + spans.length;
}
