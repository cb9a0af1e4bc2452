import type { Fields } from "../schema/data-type.ts";
import type { Description, EntityDefinition } from "./data.ts";
import { checkFieldNames, checkName } from "./name.ts";
import { freeze } from "./freeze.ts";

/** What features are about: an airport, a customer, a pair of them. Known by its keys. */
export interface Entity<K extends Fields = Fields> {
  readonly definition: EntityDefinition;
  readonly keys: K;
  /** The entity as a source names it: the source's field for each key. */
  from<const M extends { readonly [P in keyof K]: string }>(fields: M): EntityBinding<K, M>;
}

/** An entity and the fields that hold its keys. */
export interface EntityBinding<K extends Fields, M extends { readonly [P in keyof K]: string }> {
  readonly entity: Entity<K>;
  readonly fields: M;
}

/** Declares an entity by its keys, such as `entity("airport", { airport: t.string() })`. @throws ASOF_DEFINITION */
export function entity<const K extends Fields>(name: string, keys: K, about: Description = {}): Entity<K> {
  checkName("an entity", name);
  checkFieldNames(`entity ${name}`, Object.keys(keys));
  const self: Entity<K> = {
    definition: freeze({ kind: "entity", name, keys, ...about }),
    keys,
    from: (fields) => ({ entity: self, fields }),
  };
  return Object.freeze(self);
}
