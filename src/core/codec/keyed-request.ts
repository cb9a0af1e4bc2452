import type { ByteReader, ByteWriter } from "./bytes.ts";
import { readHex, writeHex } from "./identity-codec.ts";

/** What a request with an idempotency key is remembered by: the key, its records and the digest of their content. */
export interface KeyedRequest {
  readonly key: string;
  readonly count: number;
  readonly digest: string;
}

export function encodeKeyedRequest(out: ByteWriter, { key, count, digest }: KeyedRequest): void {
  out.string(key);
  out.varint(count);
  writeHex(out, digest);
}

/** @throws AsofError ASOF_CORRUPT */
export function decodeKeyedRequest(input: ByteReader): KeyedRequest {
  return { key: input.string(), count: input.varint(), digest: readHex(input, 4) };
}
