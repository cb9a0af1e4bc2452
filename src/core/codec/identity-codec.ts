import type { Identity } from "../identity/identity.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { ByteReader, type ByteWriter } from "./bytes.ts";
import { checkFormat } from "./stored-json.ts";

/** A request that carried an idempotency key, as long as it is remembered. */
export interface StoredRequest {
  readonly expires: Timestamp;
  /** Its records, and the digest of their content. */
  readonly count: number;
  readonly digest: string;
  /** What it was answered with. */
  readonly position: number;
  readonly stamp: Timestamp;
}

const FORMAT = 1;
const WHAT = "the index of identities";
const [LIVE, LOADED, WAITING] = [1, 2, 4];

/** Version, flags, the waiting retraction, digests of past versions, then the live version. */
export function encodeIdentity(out: ByteWriter, { live, past, waiting }: Identity): void {
  out.u8(FORMAT);
  out.u8((live === null ? 0 : live.origin === "load" ? LIVE | LOADED : LIVE) | (waiting === null ? 0 : WAITING));
  if (waiting !== null) out.zigzag(waiting);
  out.varint(past.length);
  for (const digest of past) writeHex(out, digest);
  if (live === null) return;
  out.varint(live.position);
  out.zigzag(live.event);
  out.zigzag(live.available);
  writeHex(out, live.schema);
  out.bytes(live.row);
}

/** @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeIdentity(bytes: Uint8Array): Identity {
  const input = new ByteReader(bytes);
  checkFormat(input.u8(), WHAT, FORMAT);
  const flags = input.u8();
  const waiting = (flags & WAITING) === 0 ? null : input.zigzag();
  const past: string[] = [];
  for (let n = input.varint(); n > 0; n--) past.push(readHex(input, 4));
  if ((flags & LIVE) === 0) {
    input.end();
    return { live: null, past, waiting };
  }
  const [position, event, available] = [input.varint(), input.zigzag(), input.zigzag()];
  const schema = readHex(input, 2);
  const row = input.bytes();
  input.end();
  return {
    live: { position, origin: (flags & LOADED) === 0 ? "stream" : "load", event, available, schema, row },
    past,
    waiting,
  };
}

export function encodeStoredRequest(out: ByteWriter, request: StoredRequest): void {
  out.u8(FORMAT);
  out.zigzag(request.expires);
  out.varint(request.count);
  writeHex(out, request.digest);
  out.varint(request.position);
  out.zigzag(request.stamp);
}

/** @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeStoredRequest(bytes: Uint8Array): StoredRequest {
  const input = new ByteReader(bytes);
  checkFormat(input.u8(), WHAT, FORMAT);
  const request = {
    expires: input.zigzag(),
    count: input.varint(),
    digest: readHex(input, 4),
    position: input.varint(),
    stamp: input.zigzag(),
  };
  input.end();
  return request;
}

/** The position up to which the log is in the index. */
export function encodeIndexed(out: ByteWriter, position: number): void {
  out.u8(FORMAT);
  out.varint(position);
}

/** @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeIndexed(bytes: Uint8Array): number {
  const input = new ByteReader(bytes);
  checkFormat(input.u8(), WHAT, FORMAT);
  const position = input.varint();
  input.end();
  return position;
}

/** Hexadecimal digits as words: digests and schemas are such, of a known length. */
export function writeHex(out: ByteWriter, digits: string): void {
  for (let at = 0; at < digits.length; at += 8) out.u32(Number.parseInt(digits.slice(at, at + 8), 16));
}

export function readHex(input: ByteReader, words: number): string {
  let digits = "";
  for (let i = 0; i < words; i++) digits += input.u32().toString(16).padStart(8, "0");
  return digits;
}
