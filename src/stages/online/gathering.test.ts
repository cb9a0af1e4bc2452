import { expect, test } from "vitest";
import { Gathering } from "./gathering.ts";

/** A thread that has so much of its time to spare, in steps of so many seconds. */
class Thread {
  private now = 100;
  private idle = 7;
  readonly gathering = new Gathering({ elapsed: () => this.now, idled: () => this.idle });

  spends(seconds: number, spare: number): number {
    this.now += seconds;
    this.idle += seconds * spare;
    this.gathering.look();
    return this.gathering.milliseconds;
  }
}

test("records gather for a moment where there is time to spare, and the longer the less there is of it", () => {
  const thread = new Thread();
  const settlesAt = (spare: number): number => {
    for (let i = 0; i < 10; i++) thread.spends(0.2, spare);
    return thread.gathering.milliseconds;
  };
  expect(thread.gathering.milliseconds).toBe(8);
  expect(settlesAt(1)).toBe(8);
  expect(settlesAt(0.23)).toBe(8);
  expect(settlesAt(0.2)).toBeCloseTo(8 * 1.1 ** 6);
  expect(settlesAt(0.16)).toBeCloseTo(8 * 1.375 ** 6);
  expect(settlesAt(0)).toBe(100);
  expect(settlesAt(0.8)).toBe(8);
});

test("a moment is not taken for load, nor for its end: a tenth of a second makes it twice as long at the most, or a quarter", () => {
  const thread = new Thread();
  for (let i = 0; i < 9; i++) expect(thread.spends(0.01, 0)).toBe(8);
  expect(thread.spends(0.09, 1)).toBe(8);
  expect(thread.spends(0.05, 0)).toBe(8);
  expect(thread.spends(0.06, 0)).toBe(16);
  expect(thread.spends(0.11, 0)).toBe(32);
  expect(thread.spends(0.11, 0)).toBe(64);
  expect(thread.spends(0.05, 1)).toBe(64);
  expect(thread.spends(0.06, 1)).toBe(16);
  expect(thread.spends(0.11, 1)).toBe(8);
  expect(thread.spends(0.11, 1)).toBe(8);
});

test("a clock that stands still, as that of a test may, changes nothing", () => {
  const thread = new Thread();
  expect(thread.spends(0, 0)).toBe(8);
});

test("work that can wait is not taken for load, while it is done and after", async () => {
  const thread = new Thread();
  expect(thread.spends(0.2, 0)).toBe(16);
  const done = thread.gathering.beside(async () => {
    expect(thread.spends(0.5, 0)).toBe(16);
    await Promise.resolve();
    expect(thread.spends(0.5, 1)).toBe(8);
    expect(thread.spends(0.5, 0)).toBe(8);
    throw new Error("as it failed");
  });
  await expect(done).rejects.toThrow("as it failed");
  expect(thread.spends(0.05, 0)).toBe(8);
  expect(thread.spends(0.2, 0)).toBe(16);
});
