import { MODELS } from "../../core/plan/folders.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { RegistryStore } from "../../ports/registry-store.ts";

/**
 * Removes files of models that no version refers to: what trainings left that were killed between writing the file and
 * registering it. Nothing is done while a process trains, whose file may be one of them.
 */
export async function clearModels(registry: RegistryStore, files: FileStore): Promise<void> {
  const left = (await files.list(MODELS)).map(({ file }) => file);
  if (left.length === 0) return;
  const known = new Set((await registry.models()).map(({ sha256 }) => `${MODELS}/${sha256}`));
  const unknown = left.filter((file) => !known.has(file));
  if (unknown.length === 0) return;
  const trainings = await registry.runs({ kind: "train" });
  if (trainings.some(({ state }) => state === "running")) return;
  for (const file of unknown) await files.remove(file);
}
