/** Makes a failing input smaller while it goes on failing: cuts ever smaller pieces out, then sets bytes to zero. */
export async function shrink(
  from: Uint8Array,
  fails: (bytes: Uint8Array) => boolean | Promise<boolean>,
  tries = 2_000,
): Promise<Uint8Array> {
  let bytes = from;
  let left = tries;
  for (let size = bytes.length >> 1; size >= 1 && left > 0; size >>= 1)
    for (let at = 0; at + size <= bytes.length && left > 0; left--) {
      const cut = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
      if (await fails(new Uint8Array(cut))) bytes = new Uint8Array(cut);
      else at += size;
    }
  for (let at = 0; at < bytes.length && left > 0; at++) {
    if (bytes[at] === 0) continue;
    left--;
    const zeroed = bytes.slice();
    zeroed[at] = 0;
    if (await fails(zeroed)) bytes = zeroed;
  }
  return bytes;
}
