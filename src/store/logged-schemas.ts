import { fieldsShape, mapOf, objectOf, text } from "../core/codec/shape.ts";
import { parseStored } from "../core/codec/stored-json.ts";
import type { StreamSchemas } from "../core/codec/stream-schemas.ts";
import { type Stream, withdrawalStream } from "../core/definition/stream.ts";
import type { RegistryStore } from "../ports/registry-store.ts";
import type { Definitions } from "./definitions.ts";

const SCHEMAS = "schemas";
const WITHDRAWALS = "withdrawals";

const STREAM = objectOf({ name: text, fields: fieldsShape, schema: text });

/** Takes up the schemas that the log's records may have. */
export async function restoreSchemas(registry: RegistryStore, schemas: StreamSchemas): Promise<void> {
  schemas.restore(await registry.note(SCHEMAS));
}

/** Adds the schemas of what is defined now, before any record has them. */
export async function addSchemas(
  registry: RegistryStore,
  schemas: StreamSchemas,
  definitions: Definitions,
): Promise<void> {
  let added = false;
  for (const stream of definitions.loggedStreams()) added = schemas.add(stream) || added;
  if (added) await registry.setNote(SCHEMAS, JSON.stringify(schemas));
}

/**
 * Where withdrawals of each source are kept: of those that are defined, and of those that were, whose withdrawals may
 * be in the log still.
 */
export async function withdrawalStreams(
  registry: RegistryStore,
  { catalog }: Definitions,
): Promise<Readonly<Record<string, Stream>>> {
  const note = await registry.note(WITHDRAWALS);
  const known =
    note === null ? {} : (parseStored(note, "the note on withdrawals", mapOf(STREAM)) as Record<string, Stream>);
  const defined = [...catalog.sources.values()].flatMap((source) => {
    const stream = withdrawalStream(source);
    return stream === null ? [] : [[source.name, stream] as const];
  });
  const all = { ...known, ...Object.fromEntries(defined) };
  const text = JSON.stringify(all);
  if (defined.length > 0 && text !== note) await registry.setNote(WITHDRAWALS, text);
  return all;
}
