import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { open } from "../../src/index.ts";
import type { Store } from "../../src/store.ts";
import * as clicks from "./clicks.ts";

// Where records come faster than they can be folded, who brings more waits.

const AHEAD = 100;
const SIZE = 25;

let folder: string;
let store: Store;
let added: { milliseconds: number };
let sent = 0;

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "asof-behind-"));
  added = { milliseconds: 0 };
  const home = path.join(folder, "home");
  store = await open({ home, definitions: { ...clicks }, audit: false }, { aheadOfFold: AHEAD, addedLatency: added });
  await store.apply();
  await store.compute();
  await store.materialize();
});
afterEach(async () => {
  added.milliseconds = 0;
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function send(): Promise<void> {
  const records = Array.from({ length: SIZE }, () => ({
    ...clicks.clickOf(++sent, Date.now() * 1000 - 1_000_000),
    user: "ann",
  }));
  await store.ingest("clicks", records as never);
}

async function counted(): Promise<unknown> {
  await store.settled();
  const { values } = await store.features(clicks.profile, { user: "ann" });
  return (values as Record<string, unknown>)["activity__clicks_lifetime"];
}

test("the log is ahead of the fold by no more than is allowed and what was under way", async () => {
  added.milliseconds = 20;
  sent = 0;
  const unfolded: number[] = [];
  const client = async (): Promise<void> => {
    for (let requests = 0; requests < 30; requests++) {
      await send();
      unfolded.push((await store.status()).log.unfolded);
    }
  };
  await Promise.all(Array.from({ length: 4 }, client));
  expect(Math.max(...unfolded)).toBeLessThanOrEqual(AHEAD + 4 * SIZE);
  expect(Math.max(...unfolded)).toBeGreaterThan(AHEAD / 2);
  expect(await counted()).toBe(4 * 30 * SIZE);
});

test("where the fold stands still, records are taken all the same", async () => {
  added.milliseconds = 2_000;
  sent = 0;
  await send();
  let isFolded = false;
  const folded = store.settled().then(() => (isFolded = true));
  while (sent <= AHEAD + SIZE) await send();
  expect(isFolded).toBe(false);
  await folded;
});

test("calls that wait are taken in their order, and no more of them wait than memory is to hold", async () => {
  added.milliseconds = 2_000;
  sent = 0;
  while (sent <= AHEAD) await send();
  const record = (): object => ({ ...clicks.clickOf(++sent, Date.now() * 1000 - 1_000_000), user: "ann" });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 1_100 }, () => store.ingest("clicks", [record()] as never)),
  );
  const taken = outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value.position] : []));
  const refused = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  expect(taken).toHaveLength(1_000);
  expect(taken).toEqual(taken.toSorted((a, b) => a - b));
  for (const error of refused) expect(error).toMatchObject({ code: "ASOF_QUEUE_FULL", status: 429 });
});
