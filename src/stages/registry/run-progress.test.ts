import { expect, test } from "vitest";
import type { Progress } from "../../core/result/progress.ts";
import { RunProgress } from "./run-progress.ts";

const at = (phase: string, done: number): Progress => ({ phase, done, total: null, unit: "rows" });

test("has a line for each thing that work comes to do, and where it is now; who listens hears all of it", () => {
  let now = 0;
  const run = new RunProgress(() => now);
  const heard: Progress[] = [];
  const { onProgress } = run.heard({ onProgress: (progress) => heard.push(progress) });
  expect(run.last).toBeNull();
  const told = [at("read", 0), at("read", 5), at("write", 0), at("read", 9)];
  for (const progress of told) {
    onProgress!(progress);
    now++;
  }
  expect(heard).toEqual(told);
  expect(run.last).toEqual(at("read", 9));
  expect(run.log).toEqual([
    { seconds: 0, text: "read" },
    { seconds: 2, text: "write" },
    { seconds: 3, text: "read" },
  ]);
});

test("keeps the signal, and the last hundred lines", () => {
  const { signal } = new AbortController();
  const run = new RunProgress(() => 0);
  const options = run.heard({ signal });
  expect(options.signal).toBe(signal);
  for (let i = 0; i < 250; i++) options.onProgress!(at(`line ${i}`, 0));
  expect(run.log.map(({ text }) => text)).toEqual(Array.from({ length: 100 }, (_, i) => `line ${i + 150}`));
});
