/** Redis Cluster's number of hash slots. */
export const SLOTS = 16_384;

/** The slot of a hash tag: CRC-16/XMODEM modulo the number of slots, by the specification of Redis Cluster. */
export function hashSlot(tag: string): number {
  let crc = 0;
  for (const byte of new TextEncoder().encode(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return crc % SLOTS;
}
