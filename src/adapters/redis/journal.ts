import { ByteReader, ByteWriter } from "../../core/codec/bytes.ts";
import { checkFormat } from "../../core/codec/stored-json.ts";
import type { Put } from "../../ports/online-store.ts";

const FORMAT = 1;

/** The changes of one commit, kept while they are on their way to several partitions. */
export function encodeJournal(commit: number, changes: readonly Put[]): Uint8Array {
  const out = new ByteWriter(changes.reduce((sum, [key, value]) => sum + key.length + (value?.length ?? 0) + 8, 32));
  out.u8(FORMAT);
  out.varint(commit);
  out.varint(changes.length);
  for (const [key, value] of changes) {
    out.bytes(key);
    out.u8(value === null ? 0 : 1);
    if (value !== null) out.bytes(value);
  }
  return out.view();
}

/** @throws ASOF_CORRUPT, ASOF_FORMAT */
export function decodeJournal(bytes: Uint8Array): { readonly commit: number; readonly changes: readonly Put[] } {
  const input = new ByteReader(bytes);
  checkFormat(input.u8(), "the online store's journal", FORMAT);
  const commit = input.varint();
  const changes: Put[] = [];
  // Pushed one by one: of a damaged number no more is allocated than there are bytes.
  for (let n = input.varint(); n > 0; n--) changes.push([input.bytes(), input.u8() === 0 ? null : input.bytes()]);
  input.end();
  return { commit, changes };
}
