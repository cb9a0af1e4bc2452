import type * as Arrow from "apache-arrow";
import type { FeatureType, FeatureValue } from "../../../core/aggregation/feature-type.ts";
import type { DataType, Value } from "../../../core/schema/data-type.ts";

/** The package, which is loaded where Arrow is asked for. */
export type ArrowPackage = typeof Arrow;

/** A column before it is named. */
export type ArrowColumn = Arrow.Data;

/**
 * Values of a type as an Arrow array: int64 exact, timestamps in microseconds UTC, lists as lists, counts and maps as maps
 * of text.
 */
export function arrowData(arrow: ArrowPackage, type: FeatureType, values: readonly FeatureValue[]): ArrowColumn {
  const { makeData } = arrow;
  switch (type.kind) {
    case "list": {
      const lists = values as readonly (readonly Value[] | null)[];
      const child = arrowData(
        arrow,
        type.of,
        lists.flatMap((list) => list ?? []),
      );
      const field = new arrow.Field("item", child.type, true);
      const valueOffsets = offsetsOf(lists.map((list) => list?.length ?? 0));
      return makeData({ type: new arrow.List(field), ...nullsOf(values), valueOffsets, child });
    }
    case "counts":
      return mapData(arrow, COUNT, values);
    case "map":
      return mapData(arrow, type.of, values);
    default:
      return plainData(arrow, type, values as readonly Value[]);
  }
}

const COUNT: DataType = { kind: "int64", nullable: false };

/** Text as an Arrow array. */
export function textData(arrow: ArrowPackage, values: readonly (string | null)[]): ArrowColumn {
  const bytes = values.map((value) => Buffer.from(value ?? "", "utf8"));
  const valueOffsets = offsetsOf(bytes.map(({ length }) => length));
  return arrow.makeData({ type: new arrow.Utf8(), ...nullsOf(values), valueOffsets, data: Buffer.concat(bytes) });
}

function plainData(arrow: ArrowPackage, { kind }: DataType, values: readonly Value[]): ArrowColumn {
  const { makeData } = arrow;
  const nulls = nullsOf(values);
  switch (kind) {
    case "string":
      return textData(arrow, values as readonly (string | null)[]);
    case "boolean":
      return makeData({ type: new arrow.Bool(), ...nulls, data: bitmapOf(values, (value) => value === true) });
    case "int32":
      return makeData({ type: new arrow.Int32(), ...nulls, data: Int32Array.from(values, Number) });
    case "float64":
      return makeData({ type: new arrow.Float64(), ...nulls, data: Float64Array.from(values, Number) });
    case "int64":
    case "timestamp": {
      const data = BigInt64Array.from(values, (value) => BigInt(value ?? 0));
      if (kind === "int64") return makeData({ type: new arrow.Int64(), ...nulls, data });
      return makeData({ type: new arrow.TimestampMicrosecond("UTC"), ...nulls, data });
    }
  }
}

function mapData(arrow: ArrowPackage, of: DataType, values: readonly FeatureValue[]): ArrowColumn {
  const { makeData, Field } = arrow;
  const maps = values.map((map) => Object.entries((map ?? {}) as Readonly<Record<string, Value>>));
  const entries = maps.flat();
  const keys = textData(
    arrow,
    entries.map(([key]) => key),
  );
  const items = plainData(
    arrow,
    of,
    entries.map(([, value]) => value),
  );
  const struct = new arrow.Struct<Record<string, Arrow.DataType>>([
    new Field("key", keys.type, false),
    new Field("value", items.type, true),
  ]);
  const child = makeData({ type: struct, length: entries.length, nullCount: 0, children: [keys, items] });
  const type = new arrow.Map_(new Field("entries", struct as never, false));
  return makeData({
    type,
    ...nullsOf(values),
    valueOffsets: offsetsOf(maps.map(({ length }) => length)),
    child: child as never,
  });
}

function nullsOf(values: readonly unknown[]): { length: number; nullCount: number; nullBitmap: Uint8Array | null } {
  const nullCount = values.reduce((count: number, value) => count + (value === null ? 1 : 0), 0);
  return {
    length: values.length,
    nullCount,
    nullBitmap: nullCount === 0 ? null : bitmapOf(values, (value) => value !== null),
  };
}

function bitmapOf<T>(values: readonly T[], is: (value: T) => boolean): Uint8Array {
  // Readers take buffers to end on a multiple of eight bytes.
  const bits = new Uint8Array(Math.ceil(values.length / 64) * 8);
  values.forEach((value, i) => {
    if (is(value)) bits[i >> 3] |= 1 << (i & 7);
  });
  return bits;
}

function offsetsOf(lengths: readonly number[]): Int32Array {
  const offsets = new Int32Array(lengths.length + 1);
  lengths.forEach((length, i) => (offsets[i + 1] = offsets[i] + length));
  return offsets;
}
