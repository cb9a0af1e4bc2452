import { AsofError } from "../errors.ts";
import type { Fields } from "../schema/data-type.ts";
import type { Stream } from "../definition/stream.ts";
import { type RowCodec, rowCodec } from "./row-codec.ts";

/** Every schema that records in the log may have, present and past: what reads them back. */
export class StreamSchemas {
  private readonly codecs = new Map<string, RowCodec>();
  private readonly schemas = new Map<string, Fields>();

  /** Takes up the schemas of an earlier `toJSON`'s text; none where it is null. */
  restore(stored: string | null): void {
    if (stored === null) return;
    for (const [schema, fields] of Object.entries(parse(stored))) this.schemas.set(schema, fields);
  }

  /** Adds the schema of a stream. True where it is new, and must be stored before a record of it is. */
  add(stream: Stream): boolean {
    if (this.schemas.has(stream.schema)) return false;
    this.schemas.set(stream.schema, stream.fields);
    return true;
  }

  fieldsOf(schema: string): Fields {
    const fields = this.schemas.get(schema);
    if (fields === undefined)
      throw new AsofError("ASOF_CORRUPT", `the log holds records of a schema ${schema} that is not known`, { schema });
    return fields;
  }

  codecOf = (schema: string): RowCodec => {
    let codec = this.codecs.get(schema);
    if (codec === undefined) this.codecs.set(schema, (codec = rowCodec(this.fieldsOf(schema))));
    return codec;
  };

  toJSON(): Record<string, Fields> {
    return Object.fromEntries(this.schemas);
  }
}

function parse(stored: string): Record<string, Fields> {
  try {
    const known = JSON.parse(stored) as unknown;
    if (typeof known === "object" && known !== null) return known as Record<string, Fields>;
  } catch {
    // Told below.
  }
  throw new AsofError("ASOF_CORRUPT", "the record of the log's schemas is damaged: it is not JSON");
}
