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

/** The type of a feature: that of a field, or a collection. */
export type FeatureType = DataType | ListType | CountsType;

/** The value of a feature. */
export type FeatureValue = Value | readonly Value[] | Readonly<Record<string, number>>;
