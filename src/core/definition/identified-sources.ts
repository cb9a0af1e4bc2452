import type { Definition, SourceDefinition } from "./data.ts";
import { canonicalJson } from "./fingerprint.ts";

/** Every way in which sources have named their records by an `id`: each with other fields, or another id. */
export function identifiedSources(definitions: readonly Definition[]): SourceDefinition[] {
  const found = new Map<string, SourceDefinition>();
  for (const one of definitions)
    if (one.kind === "source" && one.id !== undefined)
      found.set(canonicalJson([one.name, one.fields, one.defaults ?? null, one.id]), one);
  return [...found.values()];
}
