import type { Target } from "./target.ts";
import { STORED } from "./target.ts";

/**
 * A reader that goes wrong in every way there is, by its last byte: what shows that the machinery finds each of them.
 */
export const plantedTarget: Target = {
  name: "planted-faults",
  syntax: "binary",
  refusals: STORED,
  batch: 50,
  weight: 0,
  open: async () => ({
    samples: [{ name: "planted", bytes: Uint8Array.of(1, 2, 3, 4) }],
    read(bytes) {
      const last = bytes.at(-1) ?? 4;
      if (last === 0x7f) throw new RangeError("another error");
      if (last === 0x80) for (;;) if (bytes.length > 1e9) break;
      if (last === 0xff) process.abort();
      if (last === 0xfe) for (const kept: Uint8Array[] = []; ;) kept.push(new Uint8Array(2 ** 26).fill(1));
    },
  }),
};
