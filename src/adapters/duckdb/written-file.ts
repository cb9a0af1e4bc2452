import type { Json } from "@duckdb/node-api";
import type { WrittenFile } from "../../ports/offline-engine.ts";

/** What a COPY that returns statistics tells of a file: its columns are known by their quoted names, all values by their texts. */
export function writtenFile([path, rows, bytes, , statistics]: readonly Json[]): WrittenFile {
  const bounds = new Map<string, readonly [string, string]>();
  for (const [name, told] of entries(statistics)) {
    const { min, max } = Object.fromEntries(entries(told)) as Readonly<Record<string, string | undefined>>;
    if (min !== undefined && max !== undefined) bounds.set(name.slice(1, -1).replaceAll('""', '"'), [min, max]);
  }
  return { path: path as string, rows: Number(rows), bytes: Number(bytes), bounds };
}

/** Those of a MAP. */
function entries(map: Json): (readonly [string, Json])[] {
  return (map as unknown as { readonly key: string; readonly value: Json }[]).map(({ key, value }) => [key, value]);
}
