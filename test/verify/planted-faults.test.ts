import { afterAll, expect, test } from "vitest";
import { EngineCopy } from "./engine-copy.ts";
import { faults } from "./planted-faults.ts";

/** Time decides nothing here: a machine may be busy. */
const timeout = 600_000;
const copy = new EngineCopy();
afterAll(() => copy.remove());

interface Told {
  readonly runs: number;
  readonly records: number;
  readonly compared: number;
  readonly different: number;
  readonly failure: {
    readonly records: number;
    readonly file: string;
    readonly difference: { readonly how: string };
    readonly course: { readonly steps: readonly { readonly do: string }[] };
  } | null;
}

const RUNS = ["--runs", "24", "--minutes", "60", "--jobs", "1", "--json"];

test.each(faults)("finds $what", { timeout }, async ({ edits, seed = 16, throws = false }) => {
  const { code, output } = await copy.verify(edits, ...RUNS, "--seed", String(seed), "--shrink", "0");
  expect(code, output.slice(0, 2000)).toBe(1);
  const { records, compared, different, failure } = JSON.parse(output) as Told;
  expect(compared).toBeGreaterThan(0);
  expect(different).toBeGreaterThan(0);
  if (!throws) expect(failure!.difference.how).not.toBe("error");
  expect(failure!.records).toBeLessThanOrEqual(records);
});

test("makes a failure small, saves it, and finds it again", { timeout }, async () => {
  const [{ edits }] = faults;
  const found = await copy.verify(edits, ...RUNS, "--seed", "2", "--shrink", "300");
  const { failure } = JSON.parse(found.output) as Told;
  expect(failure!.course.steps.filter((step) => step.do === "ask")).toHaveLength(1);
  expect(failure!.records).toBeLessThan(10);
  const again = await copy.verify(edits, "--case", failure!.file, "--json");
  expect(again.code, again.output).toBe(1);
  const healed = await copy.verify([], "--case", failure!.file, "--json");
  expect(healed.code, healed.output).toBe(0);
});

test("finds nothing in an engine that has no fault", { timeout }, async () => {
  const { code, output } = await copy.verify(
    [],
    "--seed",
    "3",
    "--runs",
    "4",
    "--minutes",
    "60",
    "--jobs",
    "2",
    "--json",
  );
  expect(code, output.slice(0, 2000)).toBe(0);
  expect(JSON.parse(output)).toMatchObject({ different: 0, failure: null, runs: 4 });
});
