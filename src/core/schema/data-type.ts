/** The kinds of values a field, key or feature may have. */
export type Kind = "string" | "boolean" | "int32" | "int64" | "float64" | "timestamp";

/**
 * A data type as plain data: what is stored in the registry and fingerprinted.
 * `nonFinite` (float64 only) admits NaN and ±Infinity, which are otherwise refused at ingest.
 */
export interface DataType<K extends Kind = Kind, N extends boolean = boolean> {
  readonly kind: K;
  readonly nullable: N;
  readonly nonFinite?: true;
}

/** The TypeScript value of each kind. A timestamp is an integer number of microseconds since the epoch, UTC. */
export interface KindValue {
  string: string;
  boolean: boolean;
  int32: number;
  int64: bigint;
  float64: number;
  timestamp: number;
}

export type Value = string | boolean | number | bigint | null;

/** The TypeScript type of a value of data type `D`. */
export type ValueOf<D extends DataType> =
  D extends DataType<infer K, infer N> ? KindValue[K] | (N extends true ? null : never) : never;

/** Named data types: the fields of a source, the keys of an entity, the columns of a view. */
export type Fields = Readonly<Record<string, DataType>>;

export type RowOf<F extends Fields> = { readonly [P in keyof F]: ValueOf<F[P]> };

/** A row whose columns are not known at compile time. */
export type Row = Readonly<Record<string, Value>>;

const type = <K extends Kind>(kind: K): DataType<K, false> => Object.freeze({ kind, nullable: false });

/** The data types of asof, named as in a schema: `t.int32()`, `t.nullable(t.string())`. */
export const t = {
  string: () => type("string"),
  boolean: () => type("boolean"),
  /** Whole numbers from −2³¹ to 2³¹−1. */
  int32: () => type("int32"),
  /** Whole numbers from −2⁶³ to 2⁶³−1: bigint in TypeScript, exact in JSON. */
  int64: () => type("int64"),
  /** IEEE 754 doubles. NaN and ±Infinity are refused at ingest unless `nonFinite` is set. */
  float64: (options: { readonly nonFinite?: boolean } = {}): DataType<"float64", false> =>
    options.nonFinite ? Object.freeze({ kind: "float64", nullable: false, nonFinite: true }) : type("float64"),
  /** Microseconds since the epoch, UTC, within ±2⁵³. */
  timestamp: () => type("timestamp"),
  /** The same type, admitting null. */
  nullable: <K extends Kind>(of: DataType<K>): DataType<K, true> => Object.freeze({ ...of, nullable: true }),
} as const;
