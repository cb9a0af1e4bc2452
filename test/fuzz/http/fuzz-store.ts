import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DAY, HOUR, MINUTE } from "../../../src/core/time/timestamp.ts";
import {
  aggregateView,
  batchView,
  count,
  entity,
  eventSource,
  featureService,
  lastN,
  open,
  type Store,
  sum,
  t,
} from "../../../src/index.ts";
import { history, now } from "../../flow/open-test-store.ts";
import * as shop from "../../flow/shop.ts";

const buyer = entity("buyer", { buyer: t.string(), region: t.int64() });

/** Records that can be retracted and corrected. */
const orders = eventSource("orders", {
  fields: {
    at: t.timestamp(),
    order_id: t.int64(),
    buyer: t.string(),
    region: t.int64(),
    total: t.nullable(t.float64()),
    note: t.nullable(t.string()),
  },
  eventTime: "at",
  id: ["order_id"],
});

const ordering = aggregateView("ordering", {
  source: orders,
  entity: buyer.from({ buyer: "buyer", region: "region" }),
  features: { orders: count().over("1d"), total: sum("total").over("1d"), notes: lastN("note", 3).over("1d") },
});

const daily = batchView("daily", {
  entity: shop.customer,
  sql: "SELECT customer, date_trunc('day', event_time) + INTERVAL 1 DAY AS day, count(*)::DOUBLE AS n FROM payments GROUP BY ALL",
  sources: [shop.payments],
  features: { n: t.float64() },
  eventTime: "day",
  ttl: "30d",
  delay: "1h",
});

const ordered = featureService("ordered", [ordering]);
const counted = featureService("counted", [daily, shop.spending]);
const definitions = { ...shop, buyer, orders, ordering, daily, ordered, counted };

export interface FuzzStore {
  store: Store;
  readonly home: string;
  /** Closes the store and opens it again. */
  reopen(): Promise<Store>;
  remove(): Promise<void>;
}

const openHome = (home: string): Promise<Store> => open({ definitions, home, clock: { simulated: now } });

/** A real store of the shop, with a source of records that can be withdrawn, and a batch view. */
export async function openFuzzStore(): Promise<FuzzStore> {
  const folder = mkdtempSync(path.join(tmpdir(), "asof-fuzz-"));
  const home = path.join(folder, "home");
  const store = await openHome(home);
  const file = path.join(folder, "payments.ndjson");
  writeFileSync(file, history());
  await store.apply();
  await store.load("payments", [file]);
  await store.train("fraud");
  await store.compute();
  await store.materialize();
  const opened: FuzzStore = {
    store,
    home,
    reopen: async () => {
      await opened.store.close();
      opened.store = await openHome(home);
      return opened.store;
    },
    remove: async () => {
      await opened.store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return opened;
}

/** Keys that no generated request names. */
export const WITNESS = "the witness of the fuzz";

/** Records of the witness, and what its features then are. */
export async function plantWitness({ store }: FuzzStore): Promise<unknown> {
  for (let i = 0; i < 5; i++)
    await store.ingest("payments", [
      { at: now - i * HOUR, customer: WITNESS, amount: 0.1 * (i + 1), cents: 2n ** 60n + BigInt(i), refund: false },
      { at: now - 2 * DAY, customer: WITNESS, amount: 5, cents: 1n, refund: true },
    ]);
  await store.ingest("orders", [
    { at: now - MINUTE, order_id: 2n ** 62n, buyer: WITNESS, region: -7n, total: 2.5, note: "one" },
    { at: now - HOUR, order_id: 2n ** 62n + 1n, buyer: WITNESS, region: -7n, total: null, note: null },
  ]);
  await store.settled();
  return witnessed(store);
}

/** What the store says of the witness. */
export async function witnessed(store: Store): Promise<unknown> {
  await store.settled();
  const [spending] = await store.features("fraud_features", [{ customer: WITNESS }]);
  const [ordering] = await store.features("ordered", [{ buyer: WITNESS, region: -7n }]);
  return { spending: spending.values, ordering: ordering.values };
}
