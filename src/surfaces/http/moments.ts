import { formatTimestamp, type Timestamp } from "../../core/time/timestamp.ts";

type Moments<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]: string | Extract<T[P], null> };

/** A copy of an object whose fields of these names, which hold microseconds, hold ISO 8601 instead. */
export function withMoments<T extends object, K extends keyof T & string>(
  of: T,
  ...names: readonly K[]
): Moments<T, K> {
  const copy = { ...of } as Record<string, unknown>;
  for (const name of names) {
    const at = copy[name];
    if (at !== null) copy[name] = formatTimestamp(at as Timestamp);
  }
  return copy as Moments<T, K>;
}

/** A moment in a query, where a number is text as all else: what a body would have in its place. */
export function queriedMoment(text: string): number | string {
  return /^[+-]?\d+$/.test(text) ? Number(text) : text;
}
