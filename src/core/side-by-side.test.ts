import { expect, test } from "vitest";
import { sideBySide } from "./side-by-side.ts";

test("does each once, so many at once, and gives the results in order", async () => {
  let [now, most] = [0, 0];
  const work = async (n: number): Promise<number> => {
    most = Math.max(most, ++now);
    for (let i = 0; i < 7 - (n % 7); i++) await Promise.resolve();
    now--;
    return n * n;
  };
  const things = Array.from({ length: 50 }, (_, n) => n);
  expect(await sideBySide(things, 4, work)).toEqual(things.map((n) => n * n));
  expect(most).toBe(4);
  expect(await sideBySide([], 4, work)).toEqual([]);
});

test("ends with the first failure", async () => {
  const begun: number[] = [];
  const work = async (n: number): Promise<void> => {
    begun.push(n);
    await Promise.resolve();
    if (n === 3) throw new Error("three");
  };
  await expect(sideBySide([1, 2, 3, 4, 5, 6, 7, 8, 9], 2, work)).rejects.toThrow("three");
  expect(begun.length).toBeLessThan(9);
});
