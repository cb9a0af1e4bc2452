import JSZip from "jszip";
import { ydfRuntime } from "../../../src/adapters/ydf/ydf-runtime.ts";
import type { LoadedModel } from "../../../src/ports/trainer.ts";
import { Random } from "../../../src/surfaces/verify/random.ts";
import { mutate } from "../mutate.ts";
import type { Target } from "../target.ts";
import { goldenFiles } from "./golden-sample.ts";

async function used(model: LoadedModel): Promise<void> {
  void model.inputs.length;
  model.close();
}

/** Model archives as the store's home holds them. */
const ydf: Target = {
  name: "ydf-models",
  syntax: "binary",
  refusals: ["ASOF_CORRUPT", "ASOF_PREDICT"],
  batch: 5,
  weight: 0.01,
  open: async () => ({
    samples: await goldenFiles("model/v1", /model\.bin$/),
    read: async (bytes) => used(await ydfRuntime.load({ runtime: "ydf", bytes })),
  }),
};

/** Whole archives whose members are damaged: what checksums do not tell. */
const ydfMembers: Target = {
  ...ydf,
  name: "ydf-model-members",
  open: async () => ({
    samples: await goldenFiles("model/v1", /model\.bin$/),
    read: async (bytes, { bytes: whole }) => {
      // The case's bytes only seed what becomes of a member.
      const random = new Random(bytes.length, ...bytes.subarray(bytes.length >> 1, (bytes.length >> 1) + 8));
      const archive = await JSZip.loadAsync(whole);
      const name = random.pick(Object.keys(archive.files).sort());
      const content = await archive.files[name].async("uint8array");
      archive.file(name, mutate(random, "binary", content, content));
      const made = await archive.generateAsync({ type: "uint8array" });
      await used(await ydfRuntime.load({ runtime: "ydf", bytes: made }));
    },
  }),
};

export const modelTargets: readonly Target[] = [ydf, ydfMembers];
