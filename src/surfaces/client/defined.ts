import type { FeatureValue } from "../../core/aggregation/feature-type.ts";
import type { EventSource } from "../../core/definition/event-source.ts";
import type { FeatureService } from "../../core/definition/feature-service.ts";
import type { Model } from "../../core/definition/model.ts";
import type { RecordOf } from "../../core/definition/record-of.ts";
import type { Fields } from "../../core/schema/data-type.ts";

type Untyped = Readonly<Record<string, unknown>>;

/** The records of each source among definitions, by the source's name. */
export type RecordsIn<D> = {
  readonly [P in keyof D as D[P] extends EventSource<Fields, infer N> ? N : never]: RecordOf<D[P]>;
};

/** What a service or a model is asked with, and which features it has. */
export interface Asked<I, V extends object> {
  readonly request: I;
  readonly features: V;
}

/** Each service among definitions, by its name. */
export type ServicesIn<D> = {
  readonly [P in keyof D as D[P] extends FeatureService<object, object, infer N> ? N : never]: AskedOf<D[P]>;
};

/** Each model among definitions, by its name. */
export type ModelsIn<D> = {
  readonly [P in keyof D as D[P] extends Model<object, object, infer N> ? N : never]: D[P] extends {
    readonly features: infer S;
  }
    ? AskedOf<S>
    : never;
};

type AskedOf<S> = S extends { readonly $input?: infer I; readonly $features?: infer V }
  ? Asked<NonNullable<I>, NonNullable<V> & object>
  : never;

/** Where no definitions are named, any name will do. */
export interface Undefined {
  readonly "any definitions": unique symbol;
}

export type Records<D> = D extends Undefined ? Readonly<Record<string, Untyped>> : RecordsIn<D>;
export type Services<D> = D extends Undefined ? Readonly<Record<string, AnyAsked>> : ServicesIn<D>;
export type Models<D> = D extends Undefined ? Readonly<Record<string, AnyAsked>> : ModelsIn<D>;

type AnyAsked = Asked<Untyped, Readonly<Record<string, FeatureValue>>>;

/** What a service or a model of this name is asked with. */
export type RequestIn<T, N extends keyof T> = T[N] extends Asked<infer I, object> ? I : never;
/** The features of a service or a model of this name. */
export type FeaturesIn<T, N extends keyof T> = T[N] extends Asked<unknown, infer V> ? V : never;
