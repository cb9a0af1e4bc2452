import { canonicalize } from "../../src/core/codec/canonicalize.ts";
import type { Definition } from "../../src/core/definition/data.ts";
import { fingerprint } from "../../src/core/definition/fingerprint.ts";
import { AsofError } from "../../src/core/errors.ts";
import type { FeatureAnswer } from "../../src/core/result/answers.ts";
import type { Row } from "../../src/core/schema/data-type.ts";
import { DAY } from "../../src/core/time/timestamp.ts";
import { parseTimestamp } from "../../src/core/time/timestamp.ts";
import { acceptor } from "../../src/stages/ingest/accept.ts";
import type { Store } from "../../src/store.ts";
import { basket, checkout, customer, fraud, payments, spending } from "./shop.ts";

type Accepted = { readonly event: number; readonly row: Row };

/** The shop's store, empty. PROVISIONAL: records in memory until the store itself can be opened here. */
export async function openTestStore(): Promise<Store> {
  const definitions: readonly Definition[] = [
    customer.definition,
    payments.definition,
    spending.view,
    basket.view,
    checkout.definition,
    fraud.features.definition,
    fraud.definition,
  ];
  const records: Accepted[] = [];
  const accept = acceptor(payments.definition);
  const now = (): number => Date.now() * 1000;
  const unknown: Partial<
    Record<Definition["kind"], "ASOF_UNKNOWN_SOURCE" | "ASOF_UNKNOWN_SERVICE" | "ASOF_UNKNOWN_MODEL">
  > = {
    source: "ASOF_UNKNOWN_SOURCE",
    service: "ASOF_UNKNOWN_SERVICE",
    model: "ASOF_UNKNOWN_MODEL",
  };
  const definition = (kind: Definition["kind"], name: string): Definition => {
    const found = definitions.find((one) => one.kind === kind && one.name === name);
    if (found === undefined)
      throw new AsofError(unknown[kind] ?? "ASOF_UNKNOWN_VIEW", `there is no ${kind} ${name}`, { name });
    return found;
  };

  const answer = (service: string, request: Readonly<Record<string, unknown>>, t: number): FeatureAnswer => {
    const { inputs } = definition("service", service) as Extract<Definition, { kind: "service" }>;
    for (const name of Object.keys(request))
      if (!Object.hasOwn(inputs, name))
        throw new AsofError("ASOF_UNKNOWN_FIELD", `service ${service} takes no ${name}`, { field: name });
    const given = Object.fromEntries(
      Object.entries(inputs).map(([name, type]) => [name, canonicalize(type, request[name], name)]),
    );
    const mine = records.filter(
      ({ event, row }) => row["customer"] === given["customer"] && event < t && event >= t - DAY,
    );
    const highest = <T extends number | bigint>(values: readonly (T | null)[]): T | null =>
      values.reduce<T | null>(
        (most, value) => (value !== null && (most === null || value > most) ? value : most),
        null,
      );
    const of = (field: string): never => mine.map(({ row }) => row[field]) as never;
    const latest = highest(mine.map(({ event }) => event));
    return {
      values: {
        spending__payments_1d: mine.length,
        spending__amount_1d: mine.length === 0 ? null : (of("amount") as number[]).reduce((a, b) => a + b, 0),
        spending__cents_1d: highest(of("cents") as bigint[]),
        spending__latest_1d: latest,
        spending__ratio_1d: highest(of("ratio") as number[]),
        ...(service === "checkout" && {
          basket__size: given["basket"]!,
          basket__opened: given["opened"]!,
          basket__big: (given["basket"] as number) > 100,
        }),
      },
      statuses: service === "checkout" ? { spending: "PRESENT", basket: "PRESENT" } : { spending: "PRESENT" },
      eventTimes: service === "checkout" ? { spending: latest, basket: null } : { spending: latest },
      t,
      loads: { spending: 0 },
    };
  };

  const methods = {
    definition,
    catalog: async () =>
      definitions.map((one) => ({
        kind: one.kind,
        name: one.name,
        fingerprint: fingerprint(one),
        applied: true,
        description: one.description ?? null,
        definition: one as unknown as Readonly<Record<string, unknown>>,
      })),
    ingest: async (source: string, given: readonly object[]) => {
      definition("source", source);
      const accepted = accept(given, now());
      records.push(...accepted);
      return { source, accepted: accepted.length, position: records.length - accepted.length, stamp: now() };
    },
    settled: async () => undefined,
    features: async (
      service: string,
      rows: readonly Readonly<Record<string, unknown>>[],
      options: { at?: number | string } = {},
    ) => {
      const t = options.at === undefined ? now() : parseTimestamp(options.at);
      if (t > now()) throw new AsofError("ASOF_FUTURE_READ", "the moment lies ahead", {});
      return rows.map((row) => answer(service, row, t));
    },
    predict: async (name: string, rows: readonly Readonly<Record<string, unknown>>[]) => {
      const { service } = definition("model", name) as Extract<Definition, { kind: "model" }>;
      return rows.map((row, index) => {
        const features = answer(service, row, now());
        return {
          id: `p-${index}`,
          model: name,
          version: 1,
          prediction: 1 / (1 + Number(features.values["spending__payments_1d"])),
          features,
        };
      });
    },
    status: async () => ({
      home: "/shop",
      revision: 1,
      now: now(),
      watermark: null,
      freshness: null,
      log: { start: 0, end: records.length, folded: records.length, archived: 0, bytes: 0 },
      offline: {
        bytes: 0,
        files: 0,
        sources: [
          { name: "payments", rows: 0, bytes: 0, files: 0, minEvent: null, maxEvent: now(), inLog: records.length },
        ],
      },
      online: { bytes: 0 },
      views: [
        {
          name: "spending",
          kind: "aggregateView",
          offlineRows: null,
          onlineKeys: 0,
          onlinePosition: 0,
          stale: false,
          maxEvent: null,
        },
      ],
      models: [{ name: "fraud", versions: 0, promoted: null }],
      runs: await methods.runs(),
    }),
    runs: async ({ kind = "apply", limit = 10 }: { kind?: string; limit?: number } = {}) =>
      [
        {
          id: 1,
          kind: "apply",
          target: "",
          state: "done",
          startedAt: now(),
          endedAt: null,
          seconds: null,
          rows: null,
          bytes: null,
          location: "",
          details: {},
        },
      ].filter((run) => run.kind === kind && limit > 0),
    models: async (name = "fraud") => {
      definition("model", name);
      return [];
    },
    close: async () => undefined,
  };
  return methods as unknown as Store;
}
