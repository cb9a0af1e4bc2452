import { expect, test } from "vitest";
import { caseOf, tryCase } from "./cases.ts";
import { fuzzHttp } from "./http/fuzz-http.ts";
import { plantedTarget } from "./planted.ts";
import { fuzzTarget } from "./supervise.ts";
import { targets } from "./targets.ts";

const SEED = Number(process.env["ASOF_SEED"] ?? 20010630);
/** Of the one seed the first cases are each fault but the hang, of the other the first case is the hang. */
const [FAULTS, HANG] = [35, 6];

/** Short cuts of `npm run fuzz`. What takes a store or a process of its own for each case is left to the long run. */
test.each(targets.filter(({ batch }) => batch >= 1_000))("$name: a value or a coded refusal", async (target) => {
  const open = await target.open();
  const tally = { value: 0, refused: 0, finding: 0 };
  // By count, not by time: what is tried is the same on any machine.
  for (let number = 0; number < 100; number++) {
    const made = caseOf(target, open, SEED, number);
    const verdict = await tryCase(target, open, made);
    tally[verdict.is]++;
    if (verdict.is === "finding")
      throw new Error(
        `case ${number} of seed ${SEED}: ${verdict.error}\n${Buffer.from(made.bytes).toString("base64")}`,
      );
  }
  for (const sample of open.samples) await open.read(sample.bytes.slice(), sample);
  await open.close?.();
  // Cases that are all read, or all refused, would reach nothing.
  expect(tally.value).toBeGreaterThan(0);
  if (target.name !== "online-keys") expect(tally.refused).toBeGreaterThan(0);
});

test("what crashes, hangs, fills the memory or fails otherwise is found, with the case that did it", async () => {
  const until = performance.now() + 50_000;
  const limits = { hang: 30_000, memory: 350 };
  const { findings } = await fuzzTarget(plantedTarget, { seed: FAULTS, cases: 4, until, limits });
  expect(findings.map(({ number, error }) => [number, error.split("\n", 1)[0]])).toEqual([
    [0, expect.stringMatching(/^held \d+ MB/)],
    [1, "the process ended: SIGABRT"],
    [2, "RangeError: another error"],
  ]);
  const short = { hang: 500, memory: 350 };
  const hung = await fuzzTarget(plantedTarget, { seed: HANG, cases: 1, until, limits: short });
  expect(hung.findings).toMatchObject([{ number: 0, error: "did not end within 500 ms" }]);
});

test("requests made from the server's own document are answered, whatever they hold", async () => {
  const report = await fuzzHttp({ seed: SEED, cases: 150, milliseconds: 30_000 });
  expect(report.findings).toEqual([]);
  expect(report.cases).toBe(150);
  expect(report.operations).toBeGreaterThan(20);
  expect(report.statuses[200]).toBeGreaterThan(0);
});
