import { describe, expect, test, vi } from "vitest";
import { BackgroundWork, rest } from "./background-work.ts";

describe("background work", () => {
  test("is done again and again, one at a time", async () => {
    let [running, most, times] = [0, 0, 0];
    const work = new BackgroundWork(async () => {
      most = Math.max(most, ++running);
      times++;
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
    }, 1);
    work.start();
    await vi.waitFor(() => expect(times).toBeGreaterThan(3));
    await work.stop();
    const after = times;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([most, running, times]).toEqual([1, 0, after]);
  });

  test("that fails says so, tries later each time, and forgets it when it succeeds", async () => {
    const waits: number[] = [];
    const timers = vi.spyOn(globalThis, "setTimeout");
    let fails = true;
    const work = new BackgroundWork(async () => {
      if (fails) throw new Error("no history");
    }, 2);
    try {
      work.start();
      await vi.waitFor(() => expect(work.failures).toBeGreaterThan(3));
      expect(work.failure?.message).toBe("no history");
      waits.push(...timers.mock.calls.map(([, delay]) => delay!));
      expect(waits.filter((delay) => [2, 4, 8, 16].includes(delay)).slice(0, 4)).toEqual([2, 4, 8, 16]);
      fails = false;
      await vi.waitFor(() => expect(work.failure).toBeNull());
      expect(work.failures).toBe(0);
    } finally {
      timers.mockRestore();
      await work.stop();
    }
  });

  test("is stopped while it rests, and no stop is a failure", async () => {
    let rested = false;
    let began = false;
    const work = new BackgroundWork(async (signal) => {
      began = true;
      await rest(3600, signal);
      rested = true;
    }, 1);
    work.start();
    await vi.waitFor(() => expect(began).toBe(true));
    await work.stop();
    expect([rested, work.failures]).toEqual([false, 0]);
    await expect(rest(0, AbortSignal.abort(new Error("stopped")))).rejects.toThrow("stopped");
    await expect(rest(0, new AbortController().signal)).resolves.toBeUndefined();
  });
});
