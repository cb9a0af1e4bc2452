import type { Fields, Row } from "../../core/schema/data-type.ts";

/**
 * Whether a request is among the share that is looked at. Its inputs alone decide, by a hash: the same request is
 * always looked at or never, in every process, and keys are looked at in proportion, hot or cold.
 */
export function requestSampler(inputs: Fields, share: number): (request: Row) => boolean {
  if (share >= 1) return () => true;
  if (share <= 0) return () => false;
  const names = Object.keys(inputs);
  return (request) => {
    let hash = 0x811c_9dc5;
    for (const name of names) {
      const value = request[name];
      const text = value === null ? "" : String(value);
      // FNV-1a over the code units; what separates values is none of theirs.
      for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
      hash = Math.imul(hash ^ (value === null ? 0x1_0001 : 0x1_0000), 0x0100_0193);
    }
    return finish(hash) < share * 2 ** 32;
  };
}

/** Spreads a hash over all its bits (the finisher of MurmurHash3): 0 to 2^32 − 1. */
function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
