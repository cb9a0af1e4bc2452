import { assert } from "../assert.ts";
import { AsofError } from "../errors.ts";
import type { DataType, Value } from "../schema/data-type.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

export { canonicalize } from "./canonicalize.ts";

const NULL = 0;
const PRESENT = 1;

/**
 * Writes a canonical value: equal values have equal bytes, different ones different bytes. A nullable type costs one
 * byte more. The bytes do not name the type.
 *
 * - string: length-prefixed UTF-8; boolean: one byte
 * - int32, timestamp: zigzag varint; int64: 8 bytes, two's complement, little-endian
 * - float64: 8 bytes, IEEE 754, little-endian; one NaN, no −0
 */
export function encodeValue(out: ByteWriter, type: DataType, value: Value): void {
  if (type.nullable) {
    out.u8(value === null ? NULL : PRESENT);
    if (value === null) return;
  }
  encodePresent(out, type, value);
}

/** Reads what `encodeValue` wrote for the same type. @throws AsofError ASOF_CORRUPT */
export function decodeValue(input: ByteReader, type: DataType): Value {
  if (type.nullable) {
    const marker = input.u8();
    if (marker === NULL) return null;
    if (marker !== PRESENT) throw corrupt(type);
  }
  return decodePresent(input, type);
}

/** `encodeValue` for a value known not to be null, whatever the type admits: writes no marker. */
export function encodePresent(out: ByteWriter, type: DataType, value: Value): void {
  switch (type.kind) {
    case "string":
      assert(typeof value === "string", "a string value is a string");
      return out.string(value);
    case "boolean":
      assert(typeof value === "boolean", "a boolean value is a boolean");
      return out.u8(value ? 1 : 0);
    case "int32":
    case "timestamp":
      assert(typeof value === "number", "an integer value is a number");
      return out.zigzag(value);
    case "int64":
      assert(typeof value === "bigint", "an int64 value is a bigint");
      return out.i64(value);
    case "float64":
      assert(typeof value === "number", "a float64 value is a number");
      return out.f64(value + 0);
  }
}

/** Reads what `encodePresent` wrote. @throws AsofError ASOF_CORRUPT */
export function decodePresent(input: ByteReader, type: DataType): Exclude<Value, null> {
  switch (type.kind) {
    case "string":
      return input.string();
    case "boolean": {
      const byte = input.u8();
      if (byte > 1) throw corrupt(type);
      return byte === 1;
    }
    case "int32": {
      const value = input.zigzag();
      if ((value | 0) !== value) throw corrupt(type);
      return value;
    }
    case "timestamp": {
      const value = input.zigzag();
      if (!Number.isSafeInteger(value)) throw corrupt(type);
      return value;
    }
    case "int64":
      return input.i64();
    case "float64":
      return input.f64() + 0;
    default:
      return type.kind satisfies never;
  }
}

function corrupt(type: DataType): AsofError {
  return new AsofError("ASOF_CORRUPT", `stored bytes hold no ${type.kind}`, { expected: type.kind });
}
