import { AsofError } from "../errors.ts";
import { type DurationText, parseDuration } from "../time/duration.ts";
import { makeWindow, type Window } from "../time/window.ts";

/** A window with a name of its own, or with a hop or an offset that is not the default. */
export interface NamedWindow<S extends string = string> {
  readonly suffix: S;
  readonly window: Window;
}

/** Consecutive stretches of one length, the newest first: they make one feature, a list. */
export interface NamedSeries<S extends string = string> {
  readonly suffix: S;
  /** The newest stretch. */
  readonly window: Window;
  readonly count: number;
}

/** Lengths that stand for themselves: `"3h"`, or all of history. */
export type WindowText = DurationText | "lifetime";

export type WindowInput = WindowText | NamedWindow | NamedSeries;

/** The suffixes of the features that are single windows. */
export type SuffixOf<W> = W extends NamedSeries
  ? never
  : W extends NamedWindow<infer S>
    ? S
    : W extends string
      ? W
      : never;

/** The suffixes of the features that are series. */
export type SeriesSuffixOf<W> = W extends NamedSeries<infer S> ? S : never;

/** A window whose hop, offset or name is stated: `window("7d", { offset: "7d", name: "week_before" })`. */
export function window<const S extends string>(
  length: WindowText,
  options: { readonly name: S; readonly hop?: DurationText; readonly offset?: DurationText },
): NamedWindow<S> {
  const { name, hop, offset } = options;
  checkSuffix(name);
  return {
    suffix: name,
    window: makeWindow(length === "lifetime" ? null : parseDuration(length), {
      ...(hop === undefined ? {} : { hop: parseDuration(hop) }),
      ...(offset === undefined ? {} : { offset: parseDuration(offset) }),
    }),
  };
}

const MAX_SERIES = 1000;

/**
 * The last `count` stretches one by one, as a list: `series("1d", { count: 12 })` has in element 0 the stretch that
 * goes on now, `[floor(t − 1d), t)`, and in element i `[floor(t − (i + 1)d), floor(t − i d))`. Its bounds are whole
 * hops, which are whole steps where no other hop is stated. With an offset all of it lies so much earlier. Named `1d_x12` where it has no name of its own.
 */
export function series<const L extends DurationText, const N extends number, const S extends string = `${L}_x${N}`>(
  step: L,
  options: { readonly count: N; readonly name?: S; readonly hop?: DurationText; readonly offset?: DurationText },
): NamedSeries<S> {
  const { count, hop, offset } = options;
  const suffix = options.name ?? `${step}_x${count}`;
  checkSuffix(suffix);
  if (!Number.isInteger(count) || count < 1 || count > MAX_SERIES)
    throw new AsofError("ASOF_WINDOW", `a series has 1 to ${MAX_SERIES} elements, not ${String(count)}`, { suffix });
  const length = parseDuration(step);
  return {
    suffix: suffix as S,
    window: makeWindow(length, {
      hop: hop === undefined ? length : parseDuration(hop),
      ...(offset === undefined ? {} : { offset: parseDuration(offset) }),
    }),
    count,
  };
}

function checkSuffix(name: string): void {
  if (!/^[a-z0-9](?:_?[a-z0-9])*$/.test(name))
    throw new AsofError("ASOF_WINDOW", `${JSON.stringify(name)} is not a name for a window`, { name });
}

/** A window as it was given, under its name. */
export function namedWindow(given: WindowInput): NamedWindow | NamedSeries {
  if (typeof given !== "string") return given;
  if (given === "lifetime") return { suffix: given, window: makeWindow(null) };
  return { suffix: given, window: makeWindow(parseDuration(given)) };
}
