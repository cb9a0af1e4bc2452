import { expect, test } from "vitest";
import { caseOf, tryCase } from "./cases.ts";
import { fuzzHttp } from "./http/fuzz-http.ts";
import { plantedTarget } from "./planted.ts";
import { fuzzTarget } from "./supervise.ts";
import { targets } from "./targets.ts";

const SEED = Number(process.env["ASOF_SEED"] ?? 20010630);

/** Short cuts of `npm run fuzz`. What takes a store or a process of its own for each case is left to the long run. */
test.each(targets.filter(({ batch }) => batch >= 1_000))("$name: a value or a coded refusal", async (target) => {
  const open = await target.open();
  const tally = { value: 0, refused: 0, finding: 0 };
  // By count, not by time: what is tried is the same on any machine.
  for (let number = 0; number < 150; number++) {
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
  const limits = { hang: 1_500, memory: 700 };
  const until = performance.now() + 40_000;
  const report = await fuzzTarget(plantedTarget, { seed: 1, cases: 50, until, limits });
  const errors = report.findings.map(({ error }) => error);
  expect(errors).toContainEqual(expect.stringMatching(/RangeError: another error/));
  expect(errors).toContainEqual(expect.stringMatching(/SIGABRT/));
  expect(errors).toContainEqual(expect.stringMatching(/did not end|held \d+ MB/));
  const open = await plantedTarget.open();
  for (const { number, error } of report.findings)
    if (error.includes("SIGABRT")) expect(caseOf(plantedTarget, open, 1, number).bytes.at(-1)).toBe(0xff);
});

test("requests made from the server's own document are answered, whatever they hold", async () => {
  const report = await fuzzHttp({ seed: SEED, cases: 250, milliseconds: 30_000 });
  expect(report.findings).toEqual([]);
  expect(report.cases).toBe(250);
  expect(report.operations).toBeGreaterThan(20);
  expect(report.statuses[200]).toBeGreaterThan(0);
});
