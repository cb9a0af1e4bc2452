import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { type AnswerDeadline, AnswerDeadlines } from "./answer-deadline.ts";

const within = (milliseconds: number | null): AnswerDeadline => new AnswerDeadlines(milliseconds).begin();

describe("a deadline", () => {
  test("hands on what comes in time, answers and failures, and aborts nothing", async () => {
    const deadline = within(600_000);
    const signal = deadline.signal();
    await expect(deadline.bound(Promise.resolve(1))).resolves.toBe(1);
    await expect(deadline.bound(Promise.reject(new Error("failed")))).rejects.toThrow("failed");
    expect(signal.aborted).toBe(false);
    // Longer than any timer.
    await expect(within(1e12).bound(new Promise((done) => setImmediate(done, 2)))).resolves.toBe(2);
  });

  test("that passes is told, ends what listens to its signal, and has what comes later given back", async () => {
    const deadline = within(5);
    const signal = deadline.signal();
    const work = Promise.withResolvers<string>();
    const late = Promise.withResolvers<string>();
    const refused = { code: "ASOF_DEADLINE", status: 504, details: { limit: "5ms" } };
    await expect(deadline.bound(work.promise, late.resolve)).rejects.toMatchObject(refused);
    expect(signal.aborted).toBe(true);
    work.resolve("late");
    expect(await late.promise).toBe("late");
    const failing = within(5).bound(new Promise((_, fail) => setTimeout(fail, 30, new Error("late"))));
    await expect(failing).rejects.toMatchObject(refused);
  });

  test("that there is none of bounds nothing", async () => {
    const answer = new Promise((done) => setTimeout(done, 30, 3));
    expect(await within(null).bound(answer)).toBe(3);
  });

  test("is one of many, each of which has its own time", async () => {
    const deadlines = new AnswerDeadlines(40);
    const told: string[] = [];
    const never = new Promise<never>(() => {});
    const missed = (name: string): Promise<void> =>
      deadlines
        .begin()
        .bound(never)
        .catch(() => void told.push(name));
    const first = missed("first");
    const quick = deadlines.begin().bound(Promise.resolve("quick"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const second = missed("second").then(() => told.push("all"));
    expect(await quick).toBe("quick");
    await first;
    expect(told).toEqual(["first"]);
    await second;
    expect(told).toEqual(["first", "second", "all"]);
  });

  test("keeps nothing of an answer once that was given", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as (options: { type: "minor" }) => void;
    const used = (): number => getHeapSpaceStatistics().reduce((sum, { space_used_size }) => sum + space_used_size, 0);
    const deadlines = new AnswerDeadlines(600_000);
    const ANSWERS = 4_000;
    const NUMBERS = 300;
    const waiting: (() => void)[] = [];
    collect({ type: "minor" });
    const before = used();
    for (let i = 0; i < ANSWERS; i++) {
      const answer = Promise.withResolvers<number>();
      const held = Array.from({ length: NUMBERS }, (_, at) => at + 0.5);
      deadlines.begin().await(
        answer.promise,
        () => void (held[0] = 0),
        () => {},
      );
      waiting.push(() => answer.resolve(1));
      if (waiting.length === 64) waiting.shift()!();
      if (i % 32 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (i % 100 === 0) collect({ type: "minor" });
    }
    collect({ type: "minor" });
    collect({ type: "minor" });
    // A collection of young objects takes what is reached from old ones for alive, though these are dead.
    expect(used() - before).toBeLessThan((ANSWERS * NUMBERS * 8) / 4);
  });
});
