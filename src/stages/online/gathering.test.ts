import { expect, test } from "vitest";
import { Gathering } from "./gathering.ts";

/** A thread that idles and works for shares of its time, in steps of so many seconds. */
class Thread {
  private now = 100;
  private idle = 7;
  private work = 3;
  readonly gathering = new Gathering({ elapsed: () => this.now, idled: () => this.idle, worked: () => this.work });

  spends(seconds: number, spare: number, work = 1 - spare): number {
    this.now += seconds;
    this.idle += seconds * spare;
    this.work += seconds * work;
    this.gathering.look();
    return this.gathering.milliseconds;
  }
}

test("records gather for a moment where there is time to spare, and the longer the less there is of it", () => {
  const thread = new Thread();
  const settlesAt = (spare: number, work?: number): number => {
    for (let i = 0; i < 10; i++) thread.spends(0.25, spare, work);
    return thread.gathering.milliseconds;
  };
  expect(thread.gathering.milliseconds).toBe(7);
  expect(settlesAt(1)).toBe(7);
  expect(settlesAt(0.25)).toBe(7);
  expect(settlesAt(0.2)).toBeCloseTo(7 * 1.2 ** 6);
  expect(settlesAt(0.16)).toBeCloseTo(7 * 1.5 ** 6);
  expect(settlesAt(0)).toBe(100);
  expect(settlesAt(0.8)).toBe(7);
  // Others have the processor for most of the time.
  expect(settlesAt(0.1, 0.25)).toBe(7);
  expect(settlesAt(0.1, 0.4)).toBeCloseTo(7 * 1.2 ** 6);
});

test("a moment is not taken for load, nor for its end: a look makes it twice as long at the most, or a quarter", () => {
  const thread = new Thread();
  for (let i = 0; i < 7; i++) expect(thread.spends(0.02, 0)).toBe(7);
  expect(thread.spends(0.09, 1)).toBe(7);
  expect(thread.spends(0.1, 0)).toBe(7);
  expect(thread.spends(0.06, 0)).toBe(14);
  expect(thread.spends(0.16, 0)).toBe(28);
  expect(thread.spends(0.16, 0)).toBe(56);
  expect(thread.spends(0.1, 1)).toBe(56);
  expect(thread.spends(0.06, 1)).toBe(14);
  expect(thread.spends(0.16, 1)).toBe(7);
  expect(thread.spends(0.16, 1)).toBe(7);
});

test("a clock that stands still, as that of a test may, changes nothing", () => {
  const thread = new Thread();
  expect(thread.spends(0, 0)).toBe(7);
  expect(thread.spends(1, 0, 0)).toBe(7);
});

test("work that can wait is not taken for load, while it is done and after", async () => {
  const thread = new Thread();
  expect(thread.spends(0.25, 0)).toBe(14);
  const done = thread.gathering.beside(async () => {
    expect(thread.spends(0.5, 0)).toBe(14);
    await Promise.resolve();
    expect(thread.spends(0.5, 1)).toBe(7);
    expect(thread.spends(0.5, 0)).toBe(7);
    throw new Error("as it failed");
  });
  await expect(done).rejects.toThrow("as it failed");
  expect(thread.spends(0.1, 0)).toBe(7);
  expect(thread.spends(0.25, 0)).toBe(14);
});
