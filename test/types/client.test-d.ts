import { describe, expectTypeOf, test } from "vitest";
import { createClient } from "asof/client";
import type { FeatureAnswer, FeatureValue, TimestampInput } from "asof";
import { eventSource, t } from "asof";
import type * as flights from "../../examples/flights/definitions.ts";
import type * as shop from "../flow/shop.ts";

const client = createClient<typeof shop>({ url: "http://localhost:2763" });
const sensors = eventSource("sensors", {
  fields: { at: t.timestamp(), room: t.string(), celsius: t.float64(), note: t.nullable(t.string()) },
  eventTime: "at",
  defaults: { celsius: 20 },
});

describe("the client", () => {
  test("knows records by the names of sources", () => {
    expectTypeOf<Parameters<typeof client.ingest>[0]>().toEqualTypeOf<"payments">();
    void client.ingest("payments", { at: 0, customer: "a", amount: 1, cents: 1n, refund: true });
    void client.ingest("payments", [
      { at: new Date(), customer: "a", amount: 1, cents: 1, refund: true, points: null },
    ]);
    // @ts-expect-error -- a source that is not defined
    void client.ingest("payment", []);
    // @ts-expect-error -- a field that is missing
    void client.ingest("payments", { at: 0, customer: "a", amount: 1, cents: 1n });
    // @ts-expect-error -- a field that the source does not have
    void client.ingest("payments", { at: 0, customer: "a", amount: 1, cents: 1n, refund: true, more: 1 });
    // @ts-expect-error -- a wrong type
    void client.ingest("payments", { at: 0, customer: "a", amount: "1", cents: 1n, refund: true });
    void client.retract("payments", { at: 0 });
  });

  test("lets fields with a default be left out", () => {
    const asof = createClient<{ readonly sensors: typeof sensors }>({ url: "" });
    void asof.ingest("sensors", { at: 0, room: "a" });
    // @ts-expect-error -- no room
    void asof.ingest("sensors", { at: 0 });
  });

  test("knows requests and features by the names of services", async () => {
    const answer = await client.features("checkout", { customer: "a", basket: 1, opened: "2026-01-01" });
    expectTypeOf(answer.values.spending__payments_1d).toEqualTypeOf<number>();
    expectTypeOf(answer.values.spending__cents_1d).toEqualTypeOf<bigint | null>();
    expectTypeOf(answer.values.basket__big).toEqualTypeOf<boolean>();
    expectTypeOf(client.features("fraud_features", [{ customer: "a" }])).resolves.items.toExtend<
      FeatureAnswer<object>
    >();
    // @ts-expect-error -- a feature that the service does not have
    void answer.values.spending__payments_2d;
    // @ts-expect-error -- a service that is not defined
    void client.features("checkouts", { customer: "a" });
    // @ts-expect-error -- an input that is missing
    void client.features("fraud_features", {});
    // @ts-expect-error -- a model is not a service
    void client.features("fraud", { customer: "a" });
  });

  test("knows models", async () => {
    const { features } = await client.predict("fraud", { customer: "a" });
    expectTypeOf(features.values.spending__amount_1d).toEqualTypeOf<number | null>();
    // @ts-expect-error -- a service is not a model
    void client.predict("checkout", { customer: "a" });
    const asof = createClient<typeof flights>({ url: "" });
    expectTypeOf<Parameters<typeof asof.predict<"late_flight_model">>[1]>().not.toBeNever();
  });

  test("tells moments of reports as text", async () => {
    expectTypeOf((await client.status()).now).toEqualTypeOf<string>();
    expectTypeOf((await client.status()).watermark).toEqualTypeOf<string | null>();
    expectTypeOf((await client.status()).log.end).toEqualTypeOf<number>();
  });

  test("takes any name without definitions", async () => {
    const untyped = createClient({ url: "" });
    const { values } = await untyped.features("anything", { at: new Date() satisfies TimestampInput });
    expectTypeOf(values).toEqualTypeOf<Readonly<Record<string, FeatureValue>>>();
    void untyped.ingest("anything", [{ at: 1 }]);
  });
});
