import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { catalogOf } from "../definition/catalog.ts";
import { aggregateView } from "../definition/aggregate-view.ts";
import { entity } from "../definition/entity.ts";
import { eventSource } from "../definition/event-source.ts";
import { featureService } from "../definition/feature-service.ts";
import { count } from "../definition/numeric-aggregates.ts";
import { onDemandView } from "../definition/on-demand-view.ts";
import { type Row, t } from "../schema/data-type.ts";
import { keyInputs, keyPlaces } from "./key-share.ts";
import { planService } from "./service-plan.ts";

const card = entity("card", { bank: t.int64(), number: t.string() });
const merchant = entity("merchant", { merchant: t.string() });
const payments = eventSource("payments", {
  fields: { at: t.timestamp(), bank: t.int64(), number: t.string(), merchant: t.string() },
  eventTime: "at",
});
const features = { payments: count().over("1d") };
const byCard = aggregateView("by_card", {
  source: payments,
  entity: card.from({ bank: "bank", number: "number" }),
  features,
});
const byMerchant = aggregateView("by_merchant", {
  source: payments,
  entity: merchant.from({ merchant: "merchant" }),
  features,
});
const basket = onDemandView("basket", {
  input: { amount: t.float64() },
  features: { large: t.boolean() },
  compute: ({ amount }) => ({ large: amount > 100 }),
});
const service = featureService("risk", [byMerchant, byCard, basket]);
const alone = featureService("alone", [basket]);
const catalog = catalogOf([card, merchant, payments, byCard, byMerchant, basket, service, alone]);
const plan = planService(catalog, service.definition);

const request = fc.record({
  bank: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  number: fc.string(),
  merchant: fc.oneof(fc.string(), fc.constant(null)),
  amount: fc.double({ noNaN: true }),
});

describe("shares of keys", () => {
  test("go by the keys of entities, by all of them; by all inputs where there are none", () => {
    expect(keyInputs(plan)).toEqual(["bank", "merchant", "number"]);
    expect(keyInputs(planService(catalog, alone.definition))).toEqual(["amount"]);
  });

  test("a key is on one side, whatever else is asked; a greater share has all keys of a smaller", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(request, fc.double({ noNaN: true }), share, share, (asked, amount, a, b) => {
        const place = keyPlaces(plan, "fraud")(asked);
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThan(1);
        expect(keyPlaces(plan, "fraud")({ ...asked, amount })).toBe(place);
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        if (place < less) expect(place).toBeLessThan(more);
      }),
    );
  });

  // What separates keys is theirs alone, not how a string may be cut.
  test("other keys, other places", () => {
    const place = keyPlaces(plan, "fraud");
    const others: Row[] = [
      { bank: 1n, merchant: "ab", number: "c" },
      { bank: 1n, merchant: "a", number: "bc" },
      { bank: 1n, merchant: null, number: "abc" },
      { bank: 1n, merchant: "", number: "abc" },
      { bank: 2n, merchant: "ab", number: "c" },
    ];
    expect(new Set(others.map(place)).size).toBe(others.length);
  });

  test.each([0.001, 0.1, 0.5, 0.93])("a share of %s holds about as many of the keys", (share) => {
    const place = keyPlaces(plan, "fraud");
    const n = 100_000;
    let held = 0;
    for (let i = 0; i < n; i++)
      if (place({ bank: BigInt(i % 300), merchant: `m${i % 7}`, number: `${i}` }) < share) held++;
    // Five standard deviations of a binomial distribution.
    expect(Math.abs(held - n * share)).toBeLessThan(5 * Math.sqrt(n * share * (1 - share)));
  });

  test("two models do not begin with the same keys", () => {
    const [one, other] = [keyPlaces(plan, "fraud"), keyPlaces(plan, "churn")];
    const n = 20_000;
    let both = 0;
    for (let i = 0; i < n; i++) {
      const asked = { bank: 1n, merchant: "m", number: `${i}` };
      if (one(asked) < 0.1 && other(asked) < 0.1) both++;
    }
    expect(Math.abs(both - n * 0.01)).toBeLessThan(5 * Math.sqrt(n * 0.01 * 0.99));
  });

  test("places are the same for ever: whom a canary answers must not change with a new version of asof", () => {
    const place = keyPlaces(plan, "fraud");
    const places = ["4929-1", "4929-2", "été"].map((number) => place({ bank: 7n, merchant: "m", number }) * 2 ** 32);
    expect(places).toEqual([2_758_029_520, 3_360_047_490, 3_732_022_125]);
  });
});
