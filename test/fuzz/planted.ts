import type { Target } from "./target.ts";
import { STORED } from "./target.ts";

/** A reader that goes wrong in every way there is, by its sample: shows that the machinery finds each of them. */
export const plantedTarget: Target = {
  name: "planted-faults",
  syntax: "binary",
  refusals: STORED,
  batch: 12,
  weight: 0,
  open: async () => ({
    samples: ["none", "error", "hang", "crash", "memory"].map((name) => ({ name, bytes: Uint8Array.of(1, 2, 3, 4) })),
    read(bytes, { name }) {
      if (name === "error") throw new RangeError("another error");
      if (name === "hang") for (;;) if (bytes.length > 1e9) break;
      if (name === "crash") process.abort();
      if (name === "memory") for (const kept: Uint8Array[] = []; ;) kept.push(new Uint8Array(2 ** 24).fill(1));
    },
  }),
};
