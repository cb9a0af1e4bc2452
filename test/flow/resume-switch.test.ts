import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { doctor, open } from "../../src/index.ts";
import { openLmdb } from "../../src/adapters/lmdb/open-lmdb.ts";
import { STATES_PREFIX, stateOfKey } from "../../src/core/codec/online-keys.ts";
import { Fold } from "../../src/stages/online/fold.ts";
import * as clicks from "./clicks.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-caught-up-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Found by `npm run torture`: what a new state had caught up with was applied once more after a crash. */
test("a process that ends after a new state has caught up, and before it is switched in, counts nothing twice", async () => {
  const home = path.join(folder, "home");
  const now = Date.now() * 1000 - 60_000_000;
  const configuration = { definitions: clicks, home, audit: false } as const;
  const batch = (first: number): object[] => Array.from({ length: 50 }, (_, i) => clicks.clickOf(first + i, now));
  let store = await open(configuration);
  await store.apply();
  await store.ingest("clicks", batch(0) as never);
  await store.settled();

  // Records arrive while the state is built, so that it has something to catch up with; then the switch does not happen.
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its `this`
  const { switchViews } = Fold.prototype;
  let arrived = false;
  const spy = vi.spyOn(Fold.prototype, "switchViews").mockImplementation(async function (this: Fold, ...given) {
    const [{ views, building }] = given;
    if (building.length > 0 && !arrived) {
      arrived = true;
      await switchViews.apply(this, given);
      await store.ingest("clicks", batch(50) as never);
      return;
    }
    if (views.length > this.views.views.length) throw new Error("the process ends here");
    await switchViews.apply(this, given);
  });
  await expect(store.materialize(["activity"])).rejects.toThrow("the process ends here");
  spy.mockRestore();
  await store.close();

  store = await open(configuration);
  try {
    await store.materialize();
    const requests = clicks.users.map((user) => ({ user }));
    const online = await store.features(clicks.profile, requests);
    const offline = await store.features("profile", requests, { at: online[0].t });
    expect(online.map(({ values }) => values)).toEqual(offline.map(({ values }) => values));
    expect(online.reduce((sum, { values }) => sum + values.activity__clicks_lifetime, 0)).toBe(100);
  } finally {
    await store.close();
  }
});

/** Found by `npm run torture`: what was left of the old state stayed for ever. */
test("a process that ends after a new state is switched in, and before the old one is removed, leaves nothing of it", async () => {
  const home = path.join(folder, "replaced");
  const now = Date.now() * 1000 - 60_000_000;
  const configuration = { definitions: clicks, home, audit: false } as const;
  const file = path.join(folder, "clicks.ndjson");
  const records = Array.from({ length: 50 }, (_, i) => JSON.stringify(clicks.clickOf(i, now)));
  writeFileSync(file, `${records.join("\n")}\n`);
  let store = await open(configuration);
  await store.apply();
  await store.ingest("clicks", [clicks.clickOf(50, now)] as never);
  await store.materialize(["activity"]);
  await store.load("clicks", [file]);
  const spy = vi.spyOn(Fold.prototype, "clearRemoved").mockRejectedValueOnce(new Error("the process ends here"));
  await expect(store.materialize(["activity"])).rejects.toThrow("the process ends here");
  spy.mockRestore();
  await store.close();
  expect((await statesOf(home)).size).toBe(2);

  // What the store is about to remove is no damage.
  expect((await doctor(configuration)).findings).toEqual([]);
  store = await open(configuration);
  await store.close();
  expect((await statesOf(home)).size).toBe(1);
  expect((await doctor(configuration)).findings).toEqual([]);
});

/** The states of which the online store of a home holds keys. */
async function statesOf(home: string): Promise<ReadonlySet<number>> {
  const store = await openLmdb(path.join(home, "online"));
  const states = new Set<number>();
  try {
    for await (const [key] of store.scan(STATES_PREFIX)) states.add(stateOfKey(key).state);
  } finally {
    await store.close();
  }
  return states;
}
