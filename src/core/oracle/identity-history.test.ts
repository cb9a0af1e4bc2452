import { beforeEach, expect, test } from "vitest";
import { IdentityHistory } from "./identity-history.ts";
import type { LoadedRecord } from "./key-history.ts";

let history: IdentityHistory;
beforeEach(() => {
  history = new IdentityHistory({ id: ["id"], fields: { id: null, amount: null } });
});

const record = (amount: number, id = 1): LoadedRecord => ({ event: 0, available: 0, row: { id, amount }, load: null });

test("a record counts once, whichever of its versions comes again", () => {
  const first = record(10);
  expect(history.insert(first)).toBe(true);
  expect(history.insert(record(10))).toBe(false);
  expect(history.conflict([{ id: 1, amount: 11 }])).toBe(true);
  history.retract({ id: 1 }, 50);
  history.replace(record(11));
  expect(history.insert(record(10))).toBe(false);
  expect(history.conflict([{ id: 1, amount: 10 }])).toBe(false);
  expect(first.withdrawn).toBe(50);
});

test("two contents under one id in one request are a conflict", () => {
  expect(history.conflict([record(10).row, record(10).row])).toBe(false);
  expect(history.conflict([record(10).row, record(11).row])).toBe(true);
});

test("a retraction waits for its record; a second one changes nothing", () => {
  expect(history.retraction({ id: 1 })).toBe("waits");
  history.retract({ id: 1 }, 50);
  expect(history.retraction({ id: 1 })).toBe("nothing");
  history.retract({ id: 1 }, 60);
  const late = record(10);
  expect(history.insert(late)).toBe(true);
  expect(late.withdrawn).toBe(50);
  expect(history.retraction({ id: 1 })).toBe("nothing");
  expect(history.conflict([{ id: 1, amount: 11 }])).toBe(true);
});

test("a correction that comes first counts, and its original never does", () => {
  history.retract({ id: 1 }, 50);
  const correction = record(11);
  history.replace(correction);
  expect(history.isCorrect({ id: 1, amount: 11 })).toBe(true);
  const original = record(10);
  expect(history.conflict([original.row])).toBe(false);
  expect(history.insert(original)).toBe(true);
  expect([original.withdrawn, correction.withdrawn]).toEqual([50, undefined]);
});

test("a correction of what was corrected withdraws the newer version", () => {
  const [first, second, third] = [record(1), record(2), record(3)];
  history.insert(first);
  for (const [at, one] of [second, third].entries()) {
    history.retract(one.row, 10 + at);
    history.replace(one);
  }
  expect([first.withdrawn, second.withdrawn, third.withdrawn]).toEqual([10, 11, undefined]);
});
