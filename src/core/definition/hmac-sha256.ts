import { Sha256 } from "./sha256.ts";

const BLOCK = 64;

/** HMAC-SHA-256 of a message, 64 hexadecimal digits. Method: RFC 2104. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): string {
  const padded = new Uint8Array(BLOCK);
  padded.set(key.length > BLOCK ? digest(key) : key);
  const inner = digest(
    padded.map((byte) => byte ^ 0x36),
    message,
  );
  return new Sha256()
    .update(padded.map((byte) => byte ^ 0x5c))
    .update(inner)
    .digest();
}

function digest(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = new Sha256();
  for (const part of parts) hash.update(part);
  const hex = hash.digest();
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
