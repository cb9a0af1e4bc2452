import type { Fields, Row, Value } from "../schema/data-type.ts";
import { recordMaker, valuesReader } from "../record-maker.ts";
import { compareStrings } from "../schema/compare.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { decodePresent, encodePresent } from "./value-codec.ts";

/** Rows of one set of fields as bytes. The bytes are canonical: equal rows have equal bytes. */
export interface RowCodec {
  /** Names of the fields in the order of the bytes. */
  readonly names: readonly string[];
  /** @param row canonical values for all fields; others in it are not written */
  encode(out: ByteWriter, row: Row): void;
  /** @throws AsofError ASOF_CORRUPT */
  decode(input: ByteReader): Row;
  /** As `decode`: the values alone, in the order of `names`. @throws AsofError ASOF_CORRUPT */
  decodeValues(input: ByteReader): Value[];
  /** Whether two rows of canonical values are the same in all fields. */
  equals(a: Row, b: Row): boolean;
}

/**
 * The codec of a set of fields: a bitmap of the nullable fields, a bit set where the value is null, then the values
 * that are there, in the order of the fields' names. Names are not in the bytes: adding, removing or retyping a
 * field makes another codec, and whoever stores rows must know which one wrote them.
 */
export function rowCodec(fields: Fields): RowCodec {
  const names = Object.keys(fields).sort(compareStrings);
  const types = names.map((name) => fields[name]);
  const nullable = names.filter((_, i) => types[i].nullable);
  const bitmap = new Uint8Array(Math.ceil(nullable.length / 8));
  const nulls = new Uint8Array(bitmap.length);
  const bits = new Map(nullable.map((name, bit) => [name, bit]));
  /** For each field its bit, or −1 where it is never null. */
  const bitOf = names.map((name) => bits.get(name) ?? -1);

  const record = recordMaker<Value>(names);
  const valuesOf = valuesReader<Value>(names);

  const decodeValues = (input: ByteReader): Value[] => {
    for (let i = 0; i < nulls.length; i++) nulls[i] = input.u8();
    const values: Value[] = [];
    for (let i = 0; i < names.length; i++) {
      const bit = bitOf[i];
      values.push(bit >= 0 && (nulls[bit >> 3] & (1 << (bit & 7))) !== 0 ? null : decodePresent(input, types[i]));
    }
    return values;
  };

  return {
    names,
    encode(out, row) {
      const values = valuesOf(row);
      if (bitmap.length > 0) {
        bitmap.fill(0);
        for (let i = 0; i < values.length; i++) {
          const bit = bitOf[i];
          if (bit >= 0 && values[i] === null) bitmap[bit >> 3] |= 1 << (bit & 7);
        }
        out.raw(bitmap);
      }
      for (let i = 0; i < values.length; i++) {
        const value = values[i];
        if (value !== null || bitOf[i] < 0) encodePresent(out, types[i], value);
      }
    },
    decode: (input) => record(decodeValues(input)),
    decodeValues,
    equals(a, b) {
      // Object.is tells NaN equal to itself; canonical values hold no −0.
      return names.every((name) => Object.is(a[name], b[name]));
    },
  };
}
