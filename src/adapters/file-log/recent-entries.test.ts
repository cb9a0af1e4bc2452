import { expect, test } from "vitest";
import type { NewEntry } from "../../ports/event-log.ts";
import { RecentEntries } from "./recent-entries.ts";

const entry = (count: number, payload: Uint8Array): NewEntry => ({ stream: "s", kind: 1, count, stamp: 1, payload });
const positions = (recent: RecentEntries, from: number): readonly number[] | null =>
  recent.from(from)?.map(({ position }) => position) ?? null;

test("gives the entries from the one that holds a position, to the end", () => {
  const recent = new RecentEntries();
  expect(positions(recent, 0)).toBeNull();
  for (const [i, count] of [3, 1, 2].entries())
    recent.add([{ entry: entry(count, Uint8Array.of(i)), position: [10, 13, 14][i] }]);
  expect([9, 10, 12, 13, 14, 15].map((from) => positions(recent, from))).toEqual([
    null,
    [10, 13, 14],
    [10, 13, 14],
    [13, 14],
    [14],
    [14],
  ]);
});

test("has no gap: a long payload, and what lies before it, is read from the file", () => {
  const recent = new RecentEntries();
  recent.add([{ entry: entry(1, Uint8Array.of(0)), position: 0 }]);
  recent.add([{ entry: entry(1, new Uint8Array(17 * 1024)), position: 1 }]);
  expect(positions(recent, 0)).toBeNull();
  expect(positions(recent, 1)).toBeNull();
  recent.add([{ entry: entry(1, Uint8Array.of(2)), position: 2 }]);
  expect(positions(recent, 1)).toBeNull();
  expect(positions(recent, 2)).toEqual([2]);
});

test("forgets the oldest within a megabyte, and what is being read stays", () => {
  const recent = new RecentEntries();
  recent.add([{ entry: entry(1, new Uint8Array(8)), position: 0 }]);
  const reading = recent.from(0);
  for (let i = 1; i < 10_000; i++) recent.add([{ entry: entry(1, new Uint8Array(1000)), position: i }]);
  expect(reading?.map(({ position }) => position)).toEqual([0]);
  expect(positions(recent, 0)).toBeNull();
  const kept = positions(recent, 9_800)!;
  expect(kept).toEqual(Array.from({ length: 200 }, (_, i) => 9_800 + i));
  expect(positions(recent, 8_000)).toBeNull();
});
