import type { Fields } from "../schema/data-type.ts";
import { canonicalJson } from "./fingerprint.ts";
import type { Definition, EntityDefinition, ServiceDefinition, ViewDefinition } from "./data.ts";

/** Streams whose records carry the keys of an entity, and where. */
export interface KeyCarrier {
  readonly kind: "source" | "batchView" | "model";
  /** The definition that the streams are of. */
  readonly name: string;
  /** The stream's name, or that of one of its versions. */
  readonly matches: (stream: string) => boolean;
  /** The column that holds each key of the entity. */
  readonly columns: Readonly<Record<string, string>>;
}

/**
 * What carries the keys of an entity, by all definitions that there ever were:
 *
 * - sources: by the keys of aggregate views over them; by the inputs of a service, where they are the examples of its
 *   model; by the names of the keys themselves, where a batch view of the entity reads them
 * - the rows of the entity's batch views, in all versions
 * - what models served, by the inputs that their service binds to the entity's keys
 */
export function keyCarriers(definitions: readonly Definition[], entity: EntityDefinition): KeyCarrier[] {
  const carriers = new Map<string, KeyCarrier>();
  const add = (carrier: KeyCarrier): void =>
    void carriers.set(canonicalJson([carrier.kind, carrier.name, carrier.columns]), carrier);
  const source = (name: string, columns: KeyCarrier["columns"]): void =>
    add({ kind: "source", name, matches: (stream) => stream === name, columns });
  const fieldsOf = (name: string): Fields[] =>
    definitions.flatMap((one) => (one.kind === "source" && one.name === name ? [one.fields] : []));
  const isEntitys = (one: Definition): one is ViewDefinition & { readonly entity: string } =>
    (one.kind === "aggregateView" || one.kind === "batchView") && one.entity === entity.name;
  const own = Object.fromEntries(Object.keys(entity.keys).map((key) => [key, key]));
  const views = definitions.filter(isEntitys);

  for (const view of views) {
    if (view.kind === "aggregateView") source(view.source, view.keys);
    if (view.kind !== "batchView") continue;
    add({ kind: "batchView", name: view.name, matches: versionsOf(view.name), columns: own });
    for (const name of view.reads) if (fieldsOf(name).some((fields) => hasAll(fields, own))) source(name, own);
  }
  const names = new Set(views.map(({ name }) => name));
  for (const model of definitions) {
    if (model.kind !== "model") continue;
    const services = definitions.filter(
      (one): one is ServiceDefinition => one.kind === "service" && one.name === model.service,
    );
    for (const { inputs } of services.flatMap(({ uses }) => uses.filter(({ view }) => names.has(view)))) {
      add({ kind: "model", name: model.name, matches: versionsOf(`served.${model.name}`), columns: inputs });
      const examples = model.examples.source;
      if (fieldsOf(examples).some((fields) => hasAll(fields, inputs))) source(examples, inputs);
    }
  }
  return [...carriers.values()];
}

function versionsOf(name: string): (stream: string) => boolean {
  return (stream) => stream.startsWith(`${name}.`) && /^[0-9a-f]{8}$/.test(stream.slice(name.length + 1));
}

function hasAll(fields: Fields, columns: Readonly<Record<string, string>>): boolean {
  return Object.values(columns).every((column) => Object.hasOwn(fields, column));
}
