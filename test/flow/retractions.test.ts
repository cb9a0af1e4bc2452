import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { aggregateView, count, entity, featureService, last, max, open, sum, t } from "../../src/index.ts";
import { sequence } from "../conformance/event-log-entries.ts";
import { NaivePayments, operation, payments } from "./payments.ts";
import { perform } from "./perform.ts";

const shop = entity("shop", { shop: t.string() });
const sales = aggregateView("sales", {
  source: payments,
  entity: shop,
  features: {
    payments: count().over("lifetime"),
    amount: sum("amount").over("lifetime"),
    most: max("amount").over("lifetime"),
    last: last("amount").over("lifetime"),
  },
});
const service = featureService("shops", [sales]);
const definitions = { shop, payments, sales, service };

const SEED = Number(process.env["ASOF_SEED"] ?? 20010630);
const asked = [0, 1, 2].map((n) => ({ shop: `shop-${n}` }));

test(
  `withdrawn and corrected records leave the same online, offline and by the contract (seed ${SEED})`,
  { timeout: 120_000 },
  async () => {
    const next = sequence(SEED);
    let withdrawn = 0;
    for (let course = 0; course < 4; course++) {
      const folder = mkdtempSync(path.join(tmpdir(), "asof-retractions-"));
      const options = { archiveFrom: course % 2 === 0 ? 1 : 20_000 };
      const reopen = () => open({ definitions, home: path.join(folder, "home") }, options);
      let store = await reopen();
      try {
        await store.apply();
        await store.materialize();
        const naive = new NaivePayments();
        let before: { t: number; values: object[] }[] = [];
        for (let step = 0; step < 30; step++) {
          const one = operation(next, 0, 12);
          const expected = naive.apply(one);
          const done = perform(store, folder, step, one);
          if (expected === null) await expect(done).rejects.toMatchObject({ code: "ASOF_ID_CONFLICT" });
          else await done;
          if (one.what === "load") {
            await store.materialize();
            // An answer given before a load does not contain it.
            before = [];
          }
          if (next() < 0.1) {
            await store.close();
            store = await reopen();
          }
          await store.settled();
          const where = `course ${course}, step ${step}: ${JSON.stringify(one)}`;
          const live = await store.features(service, asked);
          const values = live.map((answer) => answer.values);
          const asOf = async (at: number): Promise<object[]> =>
            (await store.features(service, asked, { at })).map((answer) => answer.values);
          expect(values, where).toEqual(await asOf(live[0].t));
          for (const earlier of before.slice(-2)) expect(await asOf(earlier.t), where).toEqual(earlier.values);
          before.push({ t: live[0].t, values });
          const counting = naive.found().filter((text) => !text.endsWith("withdrawn"));
          withdrawn += naive.found().length - counting.length;
          const total = (of: (one: (typeof values)[number]) => number | null): number =>
            values.reduce((all, one) => all + (of(one) ?? 0), 0);
          expect(
            total((one) => one.sales__payments_lifetime),
            where,
          ).toBe(counting.length);
          const amounts = counting.map((text) => Number(text.split(" ")[1]));
          expect(
            total((one) => one.sales__amount_lifetime),
            where,
          ).toBe(amounts.reduce((a, b) => a + b, 0));
        }
      } finally {
        await store.close();
        rmSync(folder, { recursive: true, force: true });
      }
    }
    expect(withdrawn).toBeGreaterThan(100);
  },
);
