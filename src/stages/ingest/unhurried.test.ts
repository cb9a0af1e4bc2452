import { expect, test } from "vitest";
import type { LogEntry } from "../../ports/event-log.ts";
import { unhurried, unhurriedParts } from "./unhurried.ts";

/** Entries of 50 records each. */
async function* entries(count: number): AsyncGenerator<LogEntry> {
  for (let i = 0; i < count; i++)
    yield { stream: "s", kind: 0, position: 50 * i, count: 50, stamp: 50 * i, payload: new Uint8Array(0) };
}

/** How often others had the event loop, by a timer and at all, while something was gone through. */
async function others<T>(parts: AsyncIterable<T>): Promise<{ readonly seen: number; timers: number; turns: number }> {
  const found = { seen: 0, timers: 0, turns: 0 };
  const timer = setInterval(() => found.timers++, 1);
  let turn = setImmediate(function again() {
    found.turns++;
    turn = setImmediate(again);
  });
  for await (const _ of parts) found.seen++;
  clearInterval(timer);
  clearImmediate(turn);
  return found;
}

test("others have the event loop after every hundred records, and a millisecond of it where nobody waits", async () => {
  const hurried = await others(unhurried(entries(20), () => false));
  expect([hurried.seen, hurried.turns >= 10]).toEqual([20, true]);
  const aside = await others(unhurried(entries(20), () => true));
  expect([aside.seen, aside.timers >= 9]).toEqual([20, true]);
});

test("whoever comes to wait for the work ends its rests", async () => {
  let asked = 0;
  const once = (): boolean => ++asked === 1;
  const { seen } = await others(unhurried(entries(20), once));
  expect([seen, asked]).toEqual([20, 10]);
  asked = 0;
  expect(await others(unhurriedParts([1, 2, 3], 2, once))).toMatchObject({ seen: 3 });
  expect(asked).toBe(3);
});
