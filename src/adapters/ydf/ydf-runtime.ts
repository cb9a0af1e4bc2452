import { createRequire } from "node:module";
import JSZip from "jszip";
import { AsofError } from "../../core/errors.ts";
import type { LoadedModel, ModelRuntime } from "../../ports/trainer.ts";
import { blobSequenceFault } from "./blob-sequence.ts";
import { instantiate, type ModuleFactory } from "./ydf-module.ts";
import { createYdfModel, type YdfModel } from "./ydf-model.ts";

/** The part of ydf-inference in use. It has no types of its own. */
interface YdfInference {
  loadModelFromZipBlob(archive: Uint8Array): Promise<YdfModel>;
}

const require = createRequire(import.meta.url);

/**
 * Runs models of YDF in this thread, by its WebAssembly build. Each has an instance of that build to itself: a model
 * that is closed gives back all its memory, and one that fails takes no other along.
 */
export const ydfRuntime: ModelRuntime = {
  name: "ydf",
  async load({ runtime, bytes }): Promise<LoadedModel> {
    if (runtime !== "ydf") throw corrupt(`it is a model of ${runtime}`);
    await checkArchive(bytes);
    const printed: string[] = [];
    const ydf = await instantiate(require("ydf-inference") as ModuleFactory<YdfInference>, {
      print: () => {},
      printErr: (line) => void printed.push(line),
    });
    let model: YdfModel;
    try {
      model = await ydf.loadModelFromZipBlob(bytes);
    } catch (cause) {
      throw corrupt(printed.at(-1) ?? String(cause), cause);
    }
    return createYdfModel(model, corrupt);
  },
};

/** YDF trusts what it reads: bytes that are not as they were written never reach it. */
async function checkArchive(bytes: Uint8Array): Promise<void> {
  try {
    const { files } = await JSZip.loadAsync(bytes, { checkCRC32: true });
    for (const name of Object.keys(files).filter((one) => NODES.test(one))) {
      const fault = blobSequenceFault(await files[name].async("uint8array"));
      if (fault !== null) throw new Error(`${name}: ${fault}`);
    }
  } catch (cause) {
    throw corrupt(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** Files of the nodes of its trees. */
const NODES = /(?:^|\/)nodes-\d+-of-\d+$/;

function corrupt(why: string, cause?: unknown): AsofError {
  return new AsofError("ASOF_CORRUPT", `this is no model that YDF can run: ${why}`, { runtime: "ydf" }, cause);
}
