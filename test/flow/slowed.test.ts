// A store whose online store is slowed down is the same store.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { open, type OpenOptions, type Store } from "../../src/index.ts";
import { history, now } from "./open-test-store.ts";
import * as shop from "./shop.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-slowed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const opened = (options: OpenOptions = {}) =>
  open({ definitions: { ...shop }, home: path.join(folder, "home"), clock: { simulated: now } }, options);

async function pay(store: Store): Promise<void> {
  const payment = { at: now, customer: "ann", amount: 1, cents: 1n, points: null, ratio: null, refund: false };
  await store.ingest(shop.payments, [payment]);
  await store.settled();
}

const paid = async (store: Store): Promise<unknown> =>
  (await store.features(shop.fraudFeatures, { customer: "ann" })).values.spending__payments_1d;

test("what is online stays there when it is opened to be slowed down, and afterwards", async () => {
  const file = path.join(folder, "payments.ndjson");
  writeFileSync(file, history());
  const first = await opened();
  await first.apply();
  await first.load("payments", [file]);
  await first.materialize();
  await pay(first);
  await first.close();
  let payments = 0;
  for (const addedLatency of [{ milliseconds: 1 }, null, { milliseconds: 0 }]) {
    const store = await opened(addedLatency === null ? {} : { addedLatency });
    expect(await paid(store)).toBe(++payments);
    await pay(store);
    await store.close();
  }
});
