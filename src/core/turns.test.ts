import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

test("work that needs no waiting is done within the call, also where other such work failed", async () => {
  const turns = new Turns();
  const done: number[] = [];
  const failed = turns.run(() => {
    throw new Error("no");
  });
  const first = turns.run(() => done.push(1));
  expect(done).toEqual([1]);
  await expect(failed).rejects.toThrow("no");
  expect(await first).toBe(1);
});

test("work waits for the work before it, in the order of the calls", async () => {
  const turns = new Turns();
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.run(async () => {
    await gate.promise;
    done.push("first");
    throw new Error("no");
  });
  const second = turns.run(() => done.push("second"));
  const third = turns.run(async () => {
    await Promise.resolve();
    done.push("third");
  });
  expect(done).toEqual([]);
  gate.resolve();
  await expect(first).rejects.toThrow("no");
  await second;
  await third;
  await turns.run(() => done.push("fourth"));
  expect(done).toEqual(["first", "second", "third", "fourth"]);
  await new Promise((resolve) => setImmediate(resolve));
  // Nothing is under way any more.
  void turns.run(() => done.push("fifth"));
  expect(done.at(-1)).toBe("fifth");
});
