import type { DataType, Value } from "../schema/data-type.ts";

/** Several values in an order that the aggregation states. */
export interface ListType {
  readonly kind: "list";
  readonly of: DataType;
  readonly nullable: boolean;
}

/** How often each value occurs, by the value's text. */
export interface CountsType {
  readonly kind: "counts";
  readonly of: DataType;
  readonly nullable: boolean;
}

/** A value for each key that occurs, by the key's text. */
export interface MapType {
  readonly kind: "map";
  readonly key: DataType;
  readonly of: DataType;
  readonly nullable: boolean;
}

export type CollectionType = ListType | CountsType | MapType;

/** The type of a feature: that of a field, or a collection. */
export type FeatureType = DataType | CollectionType;

/** Whether a feature is a collection. One that admits null is null exactly where its window overflows. */
export function isCollection(type: FeatureType): type is CollectionType {
  return type.kind === "list" || type.kind === "counts" || type.kind === "map";
}

/** Whether a feature can overflow, and does where it is null. */
export function canOverflow(type: FeatureType): boolean {
  return isCollection(type) && type.nullable;
}

/** The value of a feature. */
export type FeatureValue = Value | readonly Value[] | Readonly<Record<string, Value>>;
