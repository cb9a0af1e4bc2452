import { expect, test } from "vitest";
import { torture } from "./torture.ts";

const SEED = Number(process.env["ASOF_SEED"] ?? 20010630);

/** A short cut of `npm run torture`. */
test(`a server killed while it writes, loads, archives and applies leaves a whole store (seed ${SEED})`, async () => {
  const kinds = ["write", "compact", "apply", "materialize"] as const;
  const report = await torture({ rounds: kinds.length, seed: SEED, seconds: 20, kinds });
  expect(report.problems).toEqual([]);
  expect(report).toMatchObject({ lost: 0, doubled: 0, torn: 0, different: 0 });
  expect(report.rounds).toBeGreaterThan(0);
  expect(report.acknowledged).toBeGreaterThan(0);
  expect(report.compared).toBeGreaterThan(50);
});
