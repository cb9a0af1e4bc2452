import { AsofError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import { isOrdered } from "../aggregation/aggregation.ts";
import { columnsOf } from "../expression/tree.ts";
import type {
  AggregateViewDefinition,
  Definition,
  EntityDefinition,
  ModelDefinition,
  ServiceDefinition,
  SourceDefinition,
  ViewDefinition,
} from "./data.ts";
import { fingerprint } from "./fingerprint.ts";
import type { OnDemandFunction } from "./on-demand-view.ts";
import { checkRetention, withoutRetention } from "./retention.ts";

/** All definitions of a store by name, checked against one another. */
export interface Catalog {
  readonly entities: ReadonlyMap<string, EntityDefinition>;
  readonly sources: ReadonlyMap<string, SourceDefinition>;
  readonly views: ReadonlyMap<string, ViewDefinition>;
  readonly services: ReadonlyMap<string, ServiceDefinition>;
  readonly models: ReadonlyMap<string, ModelDefinition>;
  /** The functions of on-demand views by the view's name. */
  readonly functions: ReadonlyMap<string, OnDemandFunction<never, unknown>>;
  /** Everything, in the order of the flow: entities, sources, views, services, models; by name within. */
  readonly all: readonly Definition[];
}

const order = ["entity", "source", "aggregateView", "batchView", "onDemandView", "service", "model"] as const;

/**
 * Collects the definitions among the values that modules export; other values are passed over.
 * @throws ASOF_DEFINITION where a name is used twice or something refers to what is not among them.
 */
export function catalogOf(exported: Iterable<unknown>): Catalog {
  const byName = new Map<string, Definition>();
  const functions = new Map<string, OnDemandFunction<never, unknown>>();
  for (const value of exported) {
    const definition = definitionIn(value);
    if (definition === null) continue;
    const present = byName.get(definition.name);
    if (present !== undefined && present !== definition && fingerprint(present) !== fingerprint(definition))
      throw new AsofError(
        "ASOF_DEFINITION",
        `two definitions are called ${definition.name}: a ${present.kind} and a ${definition.kind}`,
        { name: definition.name },
      );
    byName.set(definition.name, definition);
    if (definition.kind === "onDemandView")
      functions.set(definition.name, (value as { compute: OnDemandFunction<never, unknown> }).compute);
  }
  const all = [...byName.values()].sort(
    (a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (a.name < b.name ? -1 : 1),
  );
  const of = <D extends Definition>(...kinds: readonly Definition["kind"][]): ReadonlyMap<string, D> =>
    new Map(all.filter((d) => kinds.includes(d.kind)).map((d) => [d.name, d as D]));
  const catalog: Catalog = {
    entities: of<EntityDefinition>("entity"),
    sources: of<SourceDefinition>("source"),
    views: of<ViewDefinition>("aggregateView", "batchView", "onDemandView"),
    services: of<ServiceDefinition>("service"),
    models: of<ModelDefinition>("model"),
    functions,
    all,
  };
  for (const definition of all) checkReferences(catalog, definition);
  return catalog;
}

/** The definition that an exported value stands for; null for anything else, such as a view under an alias. */
function definitionIn(value: unknown): Definition | null {
  if (typeof value !== "object" || value === null) return null;
  const { definition, view, use } = value as {
    definition?: Definition;
    view?: ViewDefinition;
    use?: { alias: string; features: unknown };
  };
  if (definition !== undefined && order.includes(definition.kind)) return definition;
  if (view !== undefined && use !== undefined && "as" in value) return use.features === null ? view : null;
  return null;
}

function checkReferences(catalog: Catalog, definition: Definition): void {
  const need = (there: boolean, what: string, name: string): void => {
    if (!there)
      throw new AsofError(
        "ASOF_DEFINITION",
        `${definition.kind} ${definition.name} refers to the ${what} ${name}, which is not among the definitions: export it too`,
        { name: definition.name, missing: name },
      );
  };
  switch (definition.kind) {
    case "aggregateView":
      need(catalog.entities.has(definition.entity), "entity", definition.entity);
      need(catalog.sources.has(definition.source), "source", definition.source);
      checkRetention(definition, catalog.sources.get(definition.source)!);
      return;
    case "batchView":
      need(catalog.entities.has(definition.entity), "entity", definition.entity);
      for (const source of definition.reads) {
        need(catalog.sources.has(source), "source", source);
        checkRetention(definition, catalog.sources.get(source)!);
      }
      return;
    case "service":
      for (const use of definition.uses) need(catalog.views.has(use.view), "view", use.view);
      return;
    case "model":
      need(catalog.services.has(definition.service), "service", definition.service);
      need(catalog.sources.has(definition.examples.source), "source", definition.examples.source);
      return;
    default:
  }
}

/** A definition by name, or the coded error that it is unknown, with the names there are. */
function lookUp<D>(map: ReadonlyMap<string, D>, code: ErrorCode, what: string, name: string): D {
  const found = map.get(name);
  if (found !== undefined) return found;
  const known = [...map.keys()];
  throw new AsofError(code, `there is no ${what} ${JSON.stringify(name)}; there is ${known.join(", ") || "none"}`, {
    name,
    known,
  });
}

export const sourceNamed = (catalog: Catalog, name: string): SourceDefinition =>
  lookUp(catalog.sources, "ASOF_UNKNOWN_SOURCE", "source", name);
export const viewNamed = (catalog: Catalog, name: string): ViewDefinition =>
  lookUp(catalog.views, "ASOF_UNKNOWN_VIEW", "view", name);
export const serviceNamed = (catalog: Catalog, name: string): ServiceDefinition =>
  lookUp(catalog.services, "ASOF_UNKNOWN_SERVICE", "feature service", name);
export const modelNamed = (catalog: Catalog, name: string): ModelDefinition =>
  lookUp(catalog.models, "ASOF_UNKNOWN_MODEL", "model", name);

/**
 * What identifies what a definition computes: its data and that of everything it rests on, without descriptions.
 * Two definitions of one fingerprint give the same values.
 */
export function fingerprintOf(catalog: Catalog, definition: Definition): string {
  const { description: _d, owner: _o, tags: _t, ...data } = definition;
  return fingerprint({ ...data, rests: restsOn(catalog, definition) });
}

function restsOn(catalog: Catalog, definition: Definition): unknown {
  switch (definition.kind) {
    case "entity":
    case "source":
    case "onDemandView":
      return null;
    case "aggregateView":
      return [catalog.entities.get(definition.entity)!.keys, usedOfSource(catalog, definition)];
    case "batchView":
      return [
        catalog.entities.get(definition.entity)!.keys,
        definition.reads.map((name) => fingerprintOf(catalog, withoutRetention(catalog.sources.get(name)!))),
      ];
    case "service":
      return definition.uses.map((use) => fingerprintOf(catalog, catalog.views.get(use.view)!));
    case "model":
      return [
        fingerprintOf(catalog, catalog.services.get(definition.service)!),
        fingerprintOf(catalog, withoutRetention(catalog.sources.get(definition.examples.source)!)),
      ];
    default:
      return definition satisfies never;
  }
}

/** The part of a source that an aggregate view depends on: its times and the fields that it and they read. */
function usedOfSource(catalog: Catalog, view: AggregateViewDefinition): unknown {
  const source = catalog.sources.get(view.source)!;
  const used = new Set([
    // The bytes of the whole record decide the last ties.
    ...(view.features.some(({ aggregation }) => isOrdered(aggregation)) ? Object.keys(source.fields) : []),
    ...Object.values(view.keys),
    ...columnsOf(source.eventTime),
    ...(source.availableAt === null ? [] : columnsOf(source.availableAt)),
    ...view.features.flatMap(({ of, where, per }) => [
      ...(of === null ? [] : columnsOf(of)),
      ...(where === null ? [] : columnsOf(where)),
      ...(per === undefined ? [] : columnsOf(per)),
    ]),
  ]);
  const defaulted = [...used].sort().filter((field) => Object.hasOwn(source.defaults ?? {}, field));
  return {
    eventTime: source.eventTime,
    availableAt: source.availableAt,
    fields: Object.fromEntries([...used].sort().map((field) => [field, source.fields[field]])),
    // What is not there must leave no trace in the fingerprints of sources without it.
    ...(defaulted.length === 0
      ? {}
      : { defaults: Object.fromEntries(defaulted.map((field) => [field, source.defaults![field]])) }),
  };
}
