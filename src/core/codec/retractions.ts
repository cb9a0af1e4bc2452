import { AsofError } from "../errors.ts";
import type { Fields, Row } from "../schema/data-type.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { decodeKeyedRequest, encodeKeyedRequest, type KeyedRequest } from "./keyed-request.ts";
import type { StreamRecord } from "./record-batch.ts";
import { type RowCodec, rowCodec } from "./row-codec.ts";
import { checkFormat } from "./stored-json.ts";

/**
 * What a request to a source with an `id` leaves in the log beside records and withdrawals: retractions that wait for
 * their records, the i-th since the entry's stamp + i; and, where several entries follow from one request, that request,
 * so that it can be done anew where a crash kept only some of them.
 */
export interface RetractionsEntry {
  /** The ids that are waited for: rows of the `id` fields. */
  readonly waiting: readonly Row[];
  /** How many positions behind this entry belong to the same request. */
  readonly follow: number;
  readonly request: KeyedRequest | null;
  readonly redo: Redo | null;
}

/** A request that can be done anew: what has been done of it is then found done. */
export type Redo =
  | { readonly what: "ingest" | "correct"; readonly records: readonly StreamRecord[] }
  | { readonly what: "retract"; readonly ids: readonly Row[] };

const FORMAT = 1;
const REDO = [null, "ingest", "correct", "retract"] as const;

/** How many positions the entry takes. */
export function positionsOf({ waiting }: Pick<RetractionsEntry, "waiting">): number {
  return Math.max(1, waiting.length);
}

/** The payload: version, the schema of the source's rows, the names of the `id` fields, then what there is. */
export function encodeRetractions(
  out: ByteWriter,
  schema: string,
  codec: RowCodec,
  fields: Fields,
  id: readonly string[],
  { waiting, follow, request, redo }: RetractionsEntry,
): void {
  const ids = rowCodec(idFields(fields, id));
  out.u8(FORMAT);
  out.string(schema);
  out.varint(id.length);
  for (const name of id) out.string(name);
  out.varint(waiting.length);
  for (const row of waiting) ids.encode(out, row);
  out.varint(follow);
  out.u8(request === null ? 0 : 1);
  if (request !== null) encodeKeyedRequest(out, request);
  out.u8(REDO.indexOf(redo?.what ?? null));
  if (redo === null) return;
  if (redo.what === "retract") {
    out.varint(redo.ids.length);
    for (const row of redo.ids) ids.encode(out, row);
    return;
  }
  out.varint(redo.records.length);
  for (const { event, row } of redo.records) {
    out.zigzag(event);
    codec.encode(out, row);
  }
}

/**
 * Reads the payload of a retractions entry, to the end; `fieldsOf` and `codecOf` tell of the schema that wrote it.
 * @throws AsofError ASOF_CORRUPT, ASOF_FORMAT
 */
export function decodeRetractions(
  input: ByteReader,
  schemas: { fieldsOf(schema: string): Fields; codecOf(schema: string): RowCodec },
): RetractionsEntry {
  checkFormat(input.u8(), "a retraction in the log", FORMAT);
  const schema = input.string();
  const fields = schemas.fieldsOf(schema);
  const names = listOf(input, () => input.string());
  // Rows of no fields take no bytes: any number of them could follow.
  if (names.length === 0) throw new AsofError("ASOF_CORRUPT", "a retraction in the log names no field of an id");
  for (const name of names)
    if (!Object.hasOwn(fields, name) || fields[name].nullable)
      throw new AsofError("ASOF_CORRUPT", `a retraction in the log names ${name}, which is no part of an id`);
  const ids = rowCodec(idFields(fields, names));
  const rows = (): Row[] => listOf(input, () => ids.decode(input));
  const waiting = rows();
  const follow = input.varint();
  const request = input.u8() === 0 ? null : decodeKeyedRequest(input);
  const what = REDO[input.u8()];
  if (what === undefined) throw new AsofError("ASOF_CORRUPT", "a retraction in the log belongs to an unknown request");
  let redo: Redo | null = null;
  if (what === "retract") redo = { what, ids: rows() };
  else if (what !== null) {
    const codec = schemas.codecOf(schema);
    redo = { what, records: listOf(input, () => ({ event: input.zigzag(), row: codec.decode(input) })) };
  }
  input.end();
  return { waiting, follow, request, redo };
}

/** A damaged length ends with the bytes, whatever it is. */
function listOf<T>(input: ByteReader, read: () => T): T[] {
  const list: T[] = [];
  for (let n = input.varint(); n > 0; n--) {
    if (input.remaining === 0) throw new AsofError("ASOF_CORRUPT", "a retraction in the log is cut short");
    list.push(read());
  }
  return list;
}

/** The fields of a source that name its records. */
export function idFields(fields: Fields, id: readonly string[]): Fields {
  return Object.fromEntries(id.map((name) => [name, fields[name]]));
}
