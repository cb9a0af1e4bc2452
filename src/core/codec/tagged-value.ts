import { AsofError } from "../errors.ts";
import type { Value } from "../schema/data-type.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

const NULL = 0;
const FALSE = 1;
const TRUE = 2;
const INTEGER = 3;
const DOUBLE = 4;
const BIGINT = 5;
const STRING = 6;

/** Writes a canonical value together with what it is, for readers that do not know its type. Canonical, too. */
export function encodeTagged(out: ByteWriter, value: Value): void {
  switch (typeof value) {
    case "boolean":
      return out.u8(value ? TRUE : FALSE);
    case "number":
      out.u8(Number.isSafeInteger(value) ? INTEGER : DOUBLE);
      return Number.isSafeInteger(value) ? out.zigzag(value) : out.f64(value);
    case "bigint":
      out.u8(BIGINT);
      return out.i64(value);
    case "string":
      out.u8(STRING);
      return out.string(value);
    default:
      return out.u8(NULL);
  }
}

/** Reads what `encodeTagged` wrote. @throws AsofError ASOF_CORRUPT */
export function decodeTagged(input: ByteReader): Value {
  const tag = input.u8();
  switch (tag) {
    case NULL:
      return null;
    case FALSE:
    case TRUE:
      return tag === TRUE;
    case INTEGER:
      return input.zigzag();
    case DOUBLE:
      return input.f64();
    case BIGINT:
      return input.i64();
    case STRING:
      return input.string();
    default:
      throw new AsofError("ASOF_CORRUPT", `stored bytes hold no value: tag ${tag}`, {});
  }
}
