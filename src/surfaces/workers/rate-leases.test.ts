import { expect, test } from "vitest";
import type { Bucket } from "../http/access/token-bucket.ts";
import { LeaseClient, RateLeases } from "./rate-leases.ts";

/** Processes that ask one of a caller with this rate. */
function processes(count: number, rate: number): { readonly buckets: readonly Bucket[]; readonly asked: () => number } {
  const leases = new RateLeases();
  let asked = 0;
  const buckets = Array.from({ length: count }, () => {
    const client: LeaseClient = new LeaseClient((request) => {
      asked++;
      const answer = leases.answer(request, performance.now());
      setImmediate(() => client.heard(answer));
    });
    return client.bucket("key:1", rate);
  });
  return { buckets, asked: () => asked };
}

/** How many of so many requests at once to each process are let through. */
async function passed(buckets: readonly Bucket[], each: number): Promise<number> {
  const waits = buckets.flatMap((bucket) => Array.from({ length: each }, async () => bucket.take(performance.now())));
  return (await Promise.all(waits)).filter((wait) => wait === 0).length;
}

test("a caller has his rate once, whichever processes his requests come to", async () => {
  for (const rate of [1, 5, 20, 500]) {
    const began = performance.now();
    const { buckets } = processes(4, rate);
    const through = await passed(buckets, rate * 2);
    const since = (performance.now() - began) / 1000;
    expect(through).toBeGreaterThanOrEqual(rate);
    expect(through).toBeLessThanOrEqual(rate + Math.ceil(rate * since) + 1);
  }
});

test("and has it whole through one of them", async () => {
  const { buckets } = processes(4, 40);
  expect(await passed(buckets.slice(0, 1), 40)).toBe(40);
  const wait = await buckets[1].take(performance.now());
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThan(0.05);
});

test("what a process was given and did not use is given back", async () => {
  const rate = 200;
  const { buckets } = processes(2, rate);
  let refused = 0;
  // Thirty a second, in turns to both, each time later than a lease holds: a lease for each would be three hundred.
  const until = performance.now() + 800;
  while (performance.now() < until) {
    for (const bucket of buckets) if ((await bucket.take(performance.now())) !== 0) refused++;
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  expect(refused).toBe(0);
  // What was given back is there: but for a lease of each it is nearly a second's worth.
  expect(await passed(buckets.slice(0, 1), rate)).toBeGreaterThanOrEqual(rate - 2 * (rate / 20));
});

test("few messages go between processes: for a share of the rate each, and none while there is nothing to have", async () => {
  const { buckets, asked } = processes(1, 1000);
  expect(await passed(buckets, 1000)).toBe(1000);
  expect(asked()).toBeLessThanOrEqual(21);
  const slow = processes(1, 0.01);
  expect(await passed(slow.buckets, 1)).toBe(1);
  expect(await slow.buckets[0].take(performance.now())).toBeGreaterThan(90);
  for (let i = 0; i < 1000; i++) expect(await slow.buckets[0].take(performance.now())).toBeGreaterThan(90);
  expect(slow.asked()).toBe(2);
});
