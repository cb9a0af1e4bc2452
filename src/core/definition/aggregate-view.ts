import { isCollection, isOrdered, outputType } from "../aggregation/aggregation.ts";
import { AsofError } from "../errors.ts";
import { dataTypeOf, typeOf } from "../expression/expression.ts";
import type { Expression } from "../expression/tree.ts";
import type { DataType, Fields, KindValue, RowOf } from "../schema/data-type.ts";
import { checkHops } from "../time/window.ts";
import type { FieldList, FieldMap, FieldValue, Windowed } from "./aggregate.ts";
import type { AggregateFeature, AggregateViewDefinition, Description } from "./data.ts";
import type { Entity, EntityBinding } from "./entity.ts";
import type { EventSource } from "./event-source.ts";
import { freeze } from "./freeze.ts";
import { checkName } from "./name.ts";
import { makeView, type View } from "./view.ts";

/** The field that holds a key. Where the entity stands alone nothing is known of M: keys go by their own names. */
type FieldOfKey<M, P extends keyof M> = string extends M[P] ? P : M[P];

/** What the source's row must have so that it can name the entity. */
type KeysIn<K extends Fields, M extends { readonly [P in keyof K]: string }> = {
  readonly [P in keyof K as FieldOfKey<M, P> & string]: KindValue[K[P]["kind"]] | null;
};

/** The keys for which a row R has no field of their type. */
type KeysMissing<R, K extends Fields, M extends { readonly [P in keyof K]: string }> = {
  [P in keyof K]: FieldOfKey<M, P> extends infer C extends keyof R
    ? [R[C]] extends [KindValue[K[P]["kind"]] | null]
      ? never
      : P
    : P;
}[keyof K];

type Resolve<V, R> =
  V extends FieldValue<infer C>
    ? C extends keyof R
      ? R[C] | null
      : never
    : V extends FieldList<infer C>
      ? C extends keyof R
        ? readonly Exclude<R[C], null>[]
        : never
      : V extends FieldMap<infer C>
        ? C extends keyof R
          ? Readonly<Record<string, Exclude<R[C], null>>>
          : never
        : V;

type UnionToIntersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void ? I : never;

type Flat<T> = { readonly [P in keyof T]: T[P] };

/** A feature for each aggregate and window: `feature_window`. */
export type WindowedFeatures<R, A> = Flat<
  UnionToIntersection<
    {
      [P in keyof A & string]: A[P] extends Windowed<never, infer V, infer S, infer L>
        ? { readonly [Q in S as `${P}_${Q}`]: Resolve<V, R> } & {
            readonly [Q in L as `${P}_${Q}`]: readonly Resolve<V, R>[];
          }
        : never;
    }[keyof A & string]
  > &
    object
>;

export interface AggregateViewOptions<
  F extends Fields,
  K extends Fields,
  M extends { readonly [P in keyof K]: string },
  A,
> extends Description {
  readonly source: EventSource<F>;
  /** The entity, with the source's fields that hold its keys where they go by other names. */
  readonly entity: (EntityBinding<K, M> | Entity<K>) &
    ([KeysMissing<RowOf<F>, K, M>] extends [never] ? unknown : MissingKeys<KeysIn<K, M>>);
  readonly features: A;
}

/** Appears in a compile error where a source lacks a field that an entity's key needs. */
export interface MissingKeys<in out Needed> {
  readonly "the source must have these fields": Needed;
}

/** Declares aggregates over windows of the records of each key. @throws ASOF_DEFINITION, ASOF_WINDOW, ASOF_EXPRESSION */
export function aggregateView<
  const N extends string,
  F extends Fields,
  K extends Fields,
  const M extends { readonly [P in keyof K]: string },
  const A extends Readonly<Record<string, Windowed<RowOf<F>, unknown, string, string>>>,
>(name: N, options: AggregateViewOptions<F, K, M, A>): View<N, K, WindowedFeatures<RowOf<F>, A>> {
  const { source, entity: bound, features: aggregates, ...about } = options;
  checkName("a view", name);
  const entity: Entity<K> = "entity" in bound ? bound.entity : bound;
  const keys: Record<string, string> = Object.fromEntries(
    Object.keys(entity.keys).map((key) => [key, "entity" in bound ? bound.fields[key] : key]),
  );
  for (const [key, type] of Object.entries(entity.keys)) checkKey(name, key, type, keys[key], source);
  const features = Object.entries(aggregates).flatMap(([base, windowed]) =>
    featuresOf(name, base, windowed, source.fields),
  );
  if (features.length === 0) throw new AsofError("ASOF_DEFINITION", `view ${name} has no features`, { view: name });
  const names = features.map((feature) => feature.name);
  const twice = names.find((feature, i) => names.indexOf(feature) !== i);
  if (twice !== undefined)
    throw new AsofError("ASOF_DEFINITION", `view ${name} names the feature ${twice} twice`, {
      view: name,
      feature: twice,
    });
  const { order, id } = source.definition;
  naming(name, null, () => checkHops(features.filter((f) => f.window.length !== null).map((f) => f.window.hop)));
  const definition: AggregateViewDefinition = freeze({
    kind: "aggregateView",
    name,
    source: source.definition.name,
    entity: entity.definition.name,
    keys,
    features,
    ...(order !== undefined && features.some(({ aggregation }) => isOrdered(aggregation)) ? { order } : {}),
    ...(id === undefined ? {} : { retractable: true as const }),
    ...about,
  });
  return makeView(definition, entity.keys, names);
}

function checkKey(view: string, key: string, type: DataType, field: string | undefined, source: EventSource): void {
  const found = field !== undefined && Object.hasOwn(source.fields, field) ? source.fields[field] : undefined;
  if (found === undefined)
    throw new AsofError(
      "ASOF_UNKNOWN_FIELD",
      `view ${view}: source ${source.definition.name} has no field ${field} for the key ${key}`,
      {
        view,
        key,
        field: String(field),
      },
    );
  if (found.kind !== type.kind)
    throw new AsofError(
      "ASOF_DEFINITION",
      `view ${view}: the key ${key} is ${type.kind}, but the field ${field} is ${found.kind}`,
      {
        view,
        key,
        field: String(field),
      },
    );
}

function featuresOf(
  view: string,
  base: string,
  windowed: Windowed<never, unknown, string, string>,
  fields: Fields,
): AggregateFeature[] {
  checkName("a feature", base);
  const { spec, of, filter, key } = windowed.aggregate;
  const typed = (expression: Expression | null): DataType | null =>
    expression === null ? null : dataTypeOf(expression, fields);
  const type = naming(view, base, () => outputType(spec, typed(of), typed(key)));
  if (filter !== null && typeOf(filter, fields).kind !== "boolean")
    throw new AsofError("ASOF_DEFINITION", `view ${view}: the condition of ${base} is not true or false`, {
      view,
      feature: base,
    });
  return windowed.windows.map((named): AggregateFeature => {
    const name = `${base}_${named.suffix}`;
    const per = key === null ? {} : { per: key };
    const feature = { name, aggregation: spec, of, where: filter, ...per, window: named.window };
    if (!("count" in named)) return feature;
    if (isCollection(type))
      throw new AsofError("ASOF_DEFINITION", `view ${view}: ${base} is no single value, of which a series is made`, {
        view,
        feature: base,
      });
    return { ...feature, series: named.count };
  });
}

/** Adds to a refusal which view it is about, and which feature. */
function naming<T>(view: string, feature: string | null, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof AsofError)) throw error;
    const where = feature === null ? `view ${view}` : `view ${view}, feature ${feature}`;
    const details = { ...error.details, view, ...(feature === null ? {} : { feature }) };
    throw new AsofError(error.code, `${where}: ${error.message}`, details, error);
  }
}
