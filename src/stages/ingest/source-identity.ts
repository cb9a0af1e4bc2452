import { ByteWriter } from "../../core/codec/bytes.ts";
import { idKeyEncoder, idOrder } from "../../core/codec/id-key.ts";
import { recordKey } from "../../core/codec/identity-keys.ts";
import { idFields } from "../../core/codec/retractions.ts";
import { type RowCodec, rowCodec } from "../../core/codec/row-codec.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import { sourceStream, type Stream } from "../../core/definition/stream.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import type { Content } from "../../core/identity/identity.ts";

/** How the records of a source with an `id` are named, and what their content is. */
export interface SourceIdentity {
  readonly source: SourceDefinition;
  readonly stream: Stream;
  readonly codec: RowCodec;
  /** The `id` fields. */
  readonly fields: Fields;
  /** The same in the order in which keys compare them. */
  readonly order: readonly string[];
  /** The key of the record in the index; of a row that has the `id` fields at least. */
  key(row: Row): Uint8Array;
  readonly content: (row: Row) => Content;
  /** The id as people read it. */
  text(row: Row): string;
}

const known = new WeakMap<SourceDefinition, SourceIdentity>();

/** Null for a source whose records have no `id`. */
export function identityOf(source: SourceDefinition): SourceIdentity | null {
  const { id } = source;
  if (id === undefined) return null;
  let found = known.get(source);
  if (found === undefined) known.set(source, (found = make(source, id)));
  return found;
}

/** What makes the content of rows of a schema. */
export function contentUnder(schema: string, codec: RowCodec): (row: Row) => Content {
  const out = new ByteWriter();
  return (row) => {
    out.reset();
    codec.encode(out, row);
    return { schema, row: out.finish() };
  };
}

function make(source: SourceDefinition, id: readonly string[]): SourceIdentity {
  const stream = sourceStream(source);
  const codec = rowCodec(source.fields);
  const fields = idFields(source.fields, id);
  const encode = idKeyEncoder(fields);
  return {
    source,
    stream,
    codec,
    fields,
    order: idOrder(fields),
    key: (row) => recordKey(source.name, encode(row)),
    content: contentUnder(stream.schema, codec),
    text: (row) => id.map((name) => `${name}=${String(row[name])}`).join(" "),
  };
}
