import { expect } from "vitest";
import { parseTimestamp, SECOND } from "../../src/core/time/timestamp.ts";

/** An answer of /get-online-features. */
export interface Answer {
  readonly metadata: { readonly feature_names: readonly string[] };
  readonly results: readonly {
    readonly values: readonly unknown[];
    readonly statuses: readonly string[];
    readonly event_timestamps: readonly string[];
  }[];
}

/** What Feast's SDK and Feast's feature server said to each other. */
export interface Exchange {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** The body as it was sent; null where there was none. */
  readonly request: string | null;
  readonly status: number;
  readonly answer: string;
}

/**
 * Expects an answer to say what Feast's says, whose order of features is none. Differences that are meant: what Feast
 * does not find because it materialized only later rows is here, and too old; an aggregate view knows no "not found";
 * a row of files stands a microsecond after its record, of which Feast keeps whole seconds.
 */
export function expectSame(text: string, feasts: string): void {
  const [own, other] = [columnsOf(exact(text) as Answer), columnsOf(exact(feasts) as Answer)];
  expect([...own.keys()].sort()).toEqual([...other.keys()].sort());
  for (const [name, { values, statuses, event_timestamps: times }] of own) {
    const theirs = other.get(name)!;
    expect(values, name).toEqual(theirs.values);
    expect([statuses.length, times.length], name).toEqual([values.length, values.length]);
    statuses.forEach((status, i) => {
      const absent = status === "OUTSIDE_MAX_AGE" || status === "NULL_VALUE";
      expect(absent ? "NOT_FOUND" : status, name).toBe(theirs.statuses[i]);
      if (absent) return;
      expect(times[i]).toMatch(/Z$/);
      expect(wholeSeconds(times[i]), name).toBe(wholeSeconds(theirs.event_timestamps[i]));
    });
  }
}

/** JSON with numbers as they are written: 5.0 is not 5, and 2^53 + 1 is itself. */
export function exact(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" ? { number: context?.source } : value,
  );
}

const wholeSeconds = (time: string): number => Math.floor(parseTimestamp(time) / SECOND);

function columnsOf({ metadata, results }: Answer): Map<string, Answer["results"][number]> {
  return new Map(results.map((column, i) => [metadata.feature_names[i], column]));
}
