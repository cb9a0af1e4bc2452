import { sha256 } from "../definition/sha256.ts";
import { compareStrings } from "../schema/compare.ts";
import type { DataType, Fields, Row, Value } from "../schema/data-type.ts";
import { ByteWriter } from "./bytes.ts";

/** Longer ids are stored as their beginning and their digest: longer than any other, so that none is like it. */
const MAX_ID = 400;
const KEPT = 340;
const SIGN = 2n ** 63n;
const LOW_31 = 2 ** 31;

const utf8 = new TextEncoder();
const bits = new DataView(new ArrayBuffer(8));

/** The fields of an id in the order in which its key compares them. */
export function idOrder(fields: Fields): string[] {
  return Object.keys(fields).sort(compareStrings);
}

/**
 * Encodes the id of a record, none of whose fields is null, as bytes that differ where ids differ and compare as the
 * fields do, in their `idOrder`: records that come in the order of their ids come in the order of their keys, which is
 * what stores with ordered keys are fast at. (Ids that are too long for a key compare by their beginnings only.)
 *
 * - string: UTF-8, each zero followed by 255, then two zeros
 * - int32, int64, timestamp: 8 bytes, big-endian, the sign turned round; boolean: one byte
 * - float64: 8 bytes, big-endian, all bits of negative ones turned round, the sign of others
 */
export function idKeyEncoder(fields: Fields): (row: Row) => Uint8Array {
  const names = idOrder(fields);
  const out = new ByteWriter();
  return (row) => {
    out.reset();
    for (const name of names) write(out, fields[name], row[name]);
    if (out.length <= MAX_ID) return out.finish();
    const digest = utf8.encode(sha256(out.view()));
    const beginning = out.finish().subarray(0, KEPT);
    out.reset();
    out.raw(beginning);
    out.raw(digest);
    // As long as no other: what is not digested has at most MAX_ID bytes.
    return out.finish();
  };
}

/**
 * Tells which keys are of ids that hold these values of some of their fields. A key that is too long to hold its id
 * matches only where its beginning tells.
 */
export function idKeyMatcher(fields: Fields, values: Row): (key: Uint8Array) => boolean {
  const out = new ByteWriter();
  const parts = idOrder(fields).map((name) => {
    const { kind } = fields[name];
    if (!Object.hasOwn(values, name)) return { kind, bytes: null };
    out.reset();
    write(out, fields[name], values[name]);
    return { kind, bytes: out.finish() };
  });
  return (key) => {
    const end = key.length > MAX_ID ? KEPT : key.length;
    let at = 0;
    for (const { kind, bytes } of parts) {
      if (bytes === null) at = skip(key, at, kind);
      else {
        if (at + bytes.length > end || !bytes.every((byte, i) => key[at + i] === byte)) return false;
        at += bytes.length;
      }
    }
    return true;
  };
}

/** Where the field behind the one at a place begins. */
function skip(key: Uint8Array, at: number, kind: DataType["kind"]): number {
  if (kind === "boolean") return at + 1;
  if (kind !== "string") return at + 8;
  while (at < key.length && (key[at] !== 0 || key[at + 1] !== 0)) at += key[at] === 0 ? 2 : 1;
  return at + 2;
}

function write(out: ByteWriter, { kind }: DataType, value: Value): void {
  switch (kind) {
    case "string":
      for (const byte of utf8.encode(value as string)) {
        out.u8(byte);
        if (byte === 0) out.u8(255);
      }
      out.u8(0);
      return out.u8(0);
    case "boolean":
      return out.u8(value === true ? 1 : 0);
    case "int64":
      bits.setBigUint64(0, BigInt.asUintN(64, (value as bigint) + SIGN));
      return writeBits(out);
    case "int32":
    case "timestamp": {
      const high = Math.floor((value as number) / 2 ** 32);
      bits.setUint32(0, high + LOW_31);
      bits.setUint32(4, (value as number) - high * 2 ** 32);
      return writeBits(out);
    }
    case "float64":
      bits.setFloat64(0, value as number);
      if (bits.getUint8(0) < 128) bits.setUint8(0, bits.getUint8(0) | 128);
      else bits.setBigUint64(0, ~bits.getBigUint64(0));
      return writeBits(out);
  }
}

function writeBits(out: ByteWriter): void {
  for (let i = 0; i < 8; i++) out.u8(bits.getUint8(i));
}
