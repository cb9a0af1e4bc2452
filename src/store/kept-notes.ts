import type { Shape } from "../core/codec/shape.ts";
import { decodeStoredJson } from "../core/codec/stored-json.ts";
import type { RegistryStore } from "../ports/registry-store.ts";

/** The version of what is kept as notes. */
const FORMAT = 1;

/** What is watched, kept as notes of the registry: JSON of a format. */
export class KeptNotes {
  private readonly registry: Pick<RegistryStore, "note" | "setNote">;

  constructor(registry: Pick<RegistryStore, "note" | "setNote">) {
    this.registry = registry;
  }

  /** @throws ASOF_CORRUPT; ASOF_FORMAT where a newer version wrote it */
  async load<T>(name: string, shape: Shape): Promise<T | null> {
    const note = await this.registry.note(name);
    if (note === null) return null;
    return decodeStoredJson(new TextEncoder().encode(note), `the note ${name}`, FORMAT, shape) as T;
  }

  save(name: string, note: object): Promise<void> {
    return this.registry.setNote(name, JSON.stringify({ format: FORMAT, ...note }));
  }
}
