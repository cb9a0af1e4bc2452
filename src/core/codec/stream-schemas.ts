import { AsofError } from "../errors.ts";
import type { Stream } from "../definition/stream.ts";
import type { Fields, Row } from "../schema/data-type.ts";
import { conforming, narrowing } from "../schema/widening.ts";
import { ByteWriter } from "./bytes.ts";
import { fingerprint } from "../definition/fingerprint.ts";
import { type RowCodec, rowCodec } from "./row-codec.ts";
import { fieldsShape, mapOf } from "./shape.ts";
import { parseStored } from "./stored-json.ts";

/** How a stream is read: in the shape that is defined now, whatever shape its records were written in. */
interface Reading {
  /** Rows of the present shape as bytes of each other one that it had, where they can be. */
  readonly earlier: readonly ((row: Row) => Uint8Array | null)[];
  /** Whether its records may be of another shape. */
  readonly changed: boolean;
  /** Fields in which records that there may be cannot be read in it, and why. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** Every schema that records in the log may have, present and past: what reads them back. */
export class StreamSchemas {
  private readonly codecs = new Map<string, RowCodec>();
  private readonly schemas = new Map<string, Fields>();
  private readonly readings = new Map<string, Reading>();
  private readonly conforming = new WeakMap<Stream, Map<string, RowCodec>>();

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

  /** How many there are; none is ever removed. */
  get size(): number {
    return this.schemas.size;
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

  /** Says in which shape a stream is read from here on, and which ones it had before. */
  follow(stream: Stream, past: readonly Fields[], unreadable: Reading["unreadable"] = new Map()): void {
    const present = fingerprint(stream.fields);
    const others = new Map(past.map((fields) => [fingerprint(fields), fields]));
    others.delete(present);
    const earlier = [...others.values()].flatMap((fields) => earlierBytes(stream, fields));
    this.readings.set(stream.name, { changed: others.size > 0, unreadable, earlier });
  }

  /** Whether records of a stream may be of another shape than that in which it is read. */
  hasChanged({ name }: Stream): boolean {
    return this.readings.get(name)?.changed === true;
  }

  /**
   * What makes of a row of a stream the bytes that it would have had in each shape of before; null where that shape
   * does not have it. So that what was digested then is known again.
   */
  earlier({ name }: Stream): readonly ((row: Row) => Uint8Array | null)[] {
    return this.readings.get(name)?.earlier ?? [];
  }

  /** @throws ASOF_SCHEMA_CHANGE where records of a stream cannot be read in the shape that is defined */
  mustBeReadable({ name, fields }: Stream): void {
    for (const [field, reason] of this.readings.get(name)?.unreadable ?? [])
      if (Object.hasOwn(fields, field))
        throw new AsofError(
          "ASOF_SCHEMA_CHANGE",
          `source ${name} is defined in a shape that its records do not have: ${reason}`,
          { source: name, field },
        );
  }

  /** What reads rows of a stream in the shape of its fields here, whatever schema wrote them. */
  codecsOf(stream: Stream): (schema: string) => RowCodec {
    let codecs = this.conforming.get(stream);
    if (codecs === undefined) this.conforming.set(stream, (codecs = new Map()));
    return (schema) => {
      let codec = codecs.get(schema);
      if (codec === undefined) codecs.set(schema, (codec = this.conformed(schema, stream)));
      return codec;
    };
  }

  private conformed(schema: string, { fields, defaults = {} }: Stream): RowCodec {
    const codec = this.codecOf(schema);
    const conform = conforming(this.fieldsOf(schema), fields, defaults);
    return conform === null ? codec : { ...codec, decode: (input) => conform(codec.decode(input)) };
  }

  toJSON(): Record<string, Fields> {
    return Object.fromEntries(this.schemas);
  }
}

function earlierBytes(stream: Stream, fields: Fields): ((row: Row) => Uint8Array | null)[] {
  const narrow = narrowing(stream.fields, fields, stream.defaults ?? {});
  if (narrow === null) return [];
  const codec = rowCodec(fields);
  const out = new ByteWriter();
  return [
    (row) => {
      const narrowed = narrow(row);
      if (narrowed === null) return null;
      out.reset();
      codec.encode(out, narrowed);
      return out.finish();
    },
  ];
}

function parse(stored: string): Record<string, Fields> {
  return parseStored(stored, "the record of the log's schemas", mapOf(fieldsShape)) as Record<string, Fields>;
}
