import type { Configuration } from "../../configuration.ts";
import { type Catalog, catalogOf } from "../../core/definition/catalog.ts";
import type { BatchViewDefinition, ServiceDefinition, SourceDefinition } from "../../core/definition/data.ts";
import { withoutRetention } from "../../core/definition/retention.ts";
import { AsofError } from "../../core/errors.ts";
import { planService, type ServicePlan } from "../../core/plan/service-plan.ts";
import { DAY, HOUR } from "../../core/time/timestamp.ts";
import { KeyPools } from "./key-pools.ts";

export type Definitions = readonly Readonly<Record<string, unknown>>[];

/** The modules of definitions that a configuration names. */
export function definitionsOf({ definitions }: Configuration): Definitions {
  return (Array.isArray(definitions) ? definitions : [definitions]) as Definitions;
}

/** The same, of sources that keep everything: courses ask about all that ever was. */
export function keepingAll(modules: Definitions): Definitions {
  const kept = (value: unknown): unknown => {
    const { definition } = (value ?? {}) as { readonly definition?: SourceDefinition };
    if (definition?.kind !== "source" || definition.retention === undefined) return value;
    return { ...(value as object), definition: withoutRetention(definition) };
  };
  return modules.map((module) =>
    Object.fromEntries(Object.entries(module).map(([name, value]) => [name, kept(value)])),
  );
}

/** The definitions that are verified, and what runs on them are made of. */
export interface Subject {
  readonly catalog: Catalog;
  /** What stores are opened with: the user's definitions, and a service for each view that has none. */
  readonly definitions: Definitions;
  readonly services: readonly ServicePlan[];
  /** The sources that views read. */
  readonly sources: readonly SourceDefinition[];
  readonly batchViews: readonly BatchViewDefinition[];
  readonly pools: KeyPools;
  /** Widths at whose multiples something may happen: hops, hours, days. */
  readonly steps: readonly number[];
  /** How far back the farthest bounded window or time to live reaches. */
  readonly reach: number;
}

/** @throws ASOF_USAGE where the definitions have no view over a source */
export function subjectOf(modules: Definitions): Subject {
  const own = catalogOf(modules.flatMap((module) => Object.values(module)));
  const added = Object.fromEntries(servicesOfUnusedViews(own).map((definition) => [definition.name, { definition }]));
  const definitions = [...modules, added];
  const catalog = catalogOf(definitions.flatMap((module) => Object.values(module)));
  const services = [...catalog.services.values()].map((service) => planService(catalog, service));
  const views = [...catalog.views.values()];
  const read = new Set(
    views.flatMap((view) =>
      view.kind === "aggregateView" ? [view.source] : view.kind === "batchView" ? view.reads : [],
    ),
  );
  if (read.size === 0) throw new AsofError("ASOF_USAGE", "there is nothing to verify: no view reads a source");
  const features = views.flatMap((view) => (view.kind === "aggregateView" ? view.features : []));
  const lives = views.flatMap((view) => (view.kind === "batchView" ? [view.ttl ?? 0, view.delay] : []));
  return {
    catalog,
    definitions,
    services,
    sources: [...read].map((name) => catalog.sources.get(name)!),
    batchViews: views.filter((view) => view.kind === "batchView"),
    pools: new KeyPools(catalog),
    steps: [...new Set([...features.map(({ window }) => window.hop), HOUR, DAY])],
    reach: Math.max(
      HOUR,
      ...lives,
      ...features.map(({ window: { length, offset }, series = 1 }) => (length ?? 0) * series + offset),
    ),
  };
}

/** A view that no service uses can be asked through one of its own. */
function servicesOfUnusedViews(catalog: Catalog): ServiceDefinition[] {
  const used = new Set([...catalog.services.values()].flatMap(({ uses }) => uses.map(({ view }) => view)));
  return [...catalog.views.values()].flatMap((view): ServiceDefinition[] => {
    if (used.has(view.name) || view.kind === "onDemandView") return [];
    const { keys } = catalog.entities.get(view.entity)!;
    const inputs = Object.fromEntries(Object.keys(keys).map((key) => [key, key]));
    return [
      {
        kind: "service",
        name: `verify_${view.name}`,
        uses: [{ view: view.name, alias: view.name, inputs, features: null }],
        inputs: keys,
      },
    ];
  });
}
