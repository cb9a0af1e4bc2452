import { isTooLong } from "../../core/codec/key-text.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { Horizons } from "../../core/plan/answerable-from.ts";
import type { HistoryRow } from "../../core/result/history.ts";
import type { Row, Value } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Store } from "../../store.ts";
import type { Random } from "./random.ts";
import { valueOf } from "./values.ts";

/** Rows that a store has, by the source or batch view they are of. */
export type Sampled = ReadonlyMap<string, readonly HistoryRow[]>;

/** A sample of everything that a service rests on. */
export async function sampleOf(
  store: Store,
  plan: ServicePlan,
  rows: number,
  random: Random,
  horizons: Horizons,
): Promise<Sampled> {
  const names = new Set([
    ...plan.aggregates.map(({ view }) => view.source),
    ...plan.batches.flatMap(({ view }) => [view.name, ...view.reads]),
  ]);
  const sampled = new Map<string, readonly HistoryRow[]>();
  for (const name of names)
    sampled.set(
      name,
      await store.history(name, { sample: rows, seed: random.whole(0, 2 ** 31), ...sinceOf(horizons, name) }),
    );
  return sampled;
}

/** What is asked of a source of which days were dropped. */
export function sinceOf(horizons: Horizons, name: string): { readonly since?: Timestamp } {
  return Object.hasOwn(horizons, name) ? { since: horizons[name].horizon } : {};
}

/** A request, and the row of history that most of it comes from. */
export interface SampledRequest {
  readonly request: Row;
  readonly from: HistoryRow;
}

/**
 * A request about keys that the store has; null where the sample has none, or one that nobody can ask about: history may
 * have longer texts than a key, such as those of a field that no view had for its key when they came.
 */
export function requestOf(plan: ServicePlan, sampled: Sampled, random: Random): SampledRequest | null {
  const filled = [...sampled].filter(([, rows]) => rows.length > 0);
  if (filled.length === 0) return null;
  const [base, rows] = random.pick(filled);
  const from = random.pick(rows);
  const fieldsOf = (input: string): { readonly of: string; readonly field: string }[] => [
    ...plan.aggregates.flatMap(({ view, inputs }) =>
      Object.entries(view.keys).flatMap(([key, field]) => (inputs[key] === input ? [{ of: view.source, field }] : [])),
    ),
    ...plan.batches.flatMap(({ view, keys, inputs }) =>
      Object.keys(keys).flatMap((key) => (inputs[key] === input ? [{ of: view.name, field: key }] : [])),
    ),
  ];
  const fieldsOfBase = plan.aggregates.find(({ view }) => view.source === base)?.source.fields ?? {};
  const request: Record<string, Value> = {};
  for (const [input, type] of Object.entries(plan.service.inputs)) {
    const fields = fieldsOf(input);
    const own = fields.find(({ of }) => of === base);
    const others = fields.filter(({ of }) => (sampled.get(of) ?? []).length > 0);
    let value: Value = null;
    if (own !== undefined) value = from.row[own.field];
    else if (others.length > 0) {
      const { of, field } = random.pick(others);
      value = random.pick(sampled.get(of)!).row[field];
    } else if (fieldsOfBase[input]?.kind === type.kind) value = from.row[input];
    if (fields.length > 0 && isTooLong(value)) return null;
    request[input] = value ?? (fields.length > 0 ? null : valueOf(random, { ...type, nullable: false }, false));
  }
  return { request, from };
}

/**
 * A moment in [first, now] at which an answer about a record may change: when it happens, becomes known, leaves a window.
 */
export function momentOf(
  plan: ServicePlan,
  { event, available }: HistoryRow,
  { first, now }: { readonly first: Timestamp; readonly now: Timestamp },
  random: Random,
): Timestamp {
  const features = plan.aggregates.flatMap(({ view }) => view.features);
  const beside = random.pick([-1, 0, 1]);
  const at = random.weighted<() => number>([
    [2, () => event + beside],
    [2, () => available + beside],
    [2, () => random.whole(Math.min(event, now), now)],
    [1, () => now],
    [
      features.length === 0 ? 0 : 5,
      () => {
        const { window, series = 1 } = random.pick(features);
        const passes = Math.max(event, available) + (window.length ?? 0) * random.whole(1, series) + window.offset;
        return Math.ceil(passes / window.hop) * window.hop + beside;
      },
    ],
  ])();
  return Math.min(Math.max(at, first), now);
}
