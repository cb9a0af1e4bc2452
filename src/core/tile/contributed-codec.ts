import type { Contributed, Keyed } from "../aggregation/aggregation.ts";
import { AsofError } from "../errors.ts";
import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodePresent, decodeValue, encodePresent, encodeValue } from "../codec/value-codec.ts";
import type { DataType, Value } from "../schema/data-type.ts";
import type { Slot } from "./view-layout.ts";

const ABSENT = 0;
const PRESENT = 1;
const MARK: DataType = { kind: "boolean", nullable: true };

/** What a slot needs to know for its contributions to be written. */
export type ContributionTypes = Pick<Slot, "input" | "per">;

/** Writes what a record contributes to a slot: its value, after the key where the slot has one. */
export function encodeContributed(out: ByteWriter, { input, per }: ContributionTypes, given: Contributed): void {
  const type = input === null ? MARK : { ...input, nullable: true };
  if (per === null) return encodeValue(out, type, given as Value);
  out.u8(given === null ? ABSENT : PRESENT);
  if (given === null) return;
  const { key, value } = given as Keyed;
  encodePresent(out, per.type, key);
  encodePresent(out, type, value);
}

/** Reads what `encodeContributed` wrote for the same slot. @throws AsofError ASOF_CORRUPT */
export function decodeContributed(input: ByteReader, slot: ContributionTypes): Contributed {
  const type = slot.input === null ? MARK : { ...slot.input, nullable: true };
  if (slot.per === null) return decodeValue(input, type);
  const marker = input.u8();
  if (marker > PRESENT) throw new AsofError("ASOF_CORRUPT", "stored bytes hold no contribution", {});
  return marker === ABSENT ? null : { key: decodePresent(input, slot.per.type), value: decodePresent(input, type) };
}
