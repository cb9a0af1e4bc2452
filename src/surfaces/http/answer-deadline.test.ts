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
});
