import type { OrderKey } from "../aggregation/aggregation.ts";
import { ByteWriter } from "../codec/bytes.ts";
import { rowCodec } from "../codec/row-codec.ts";
import type { Fields, Row, Value } from "../schema/data-type.ts";
import type { ViewLayout } from "./view-layout.ts";

/**
 * Where a record stands among those of its key: by event, available, the source's `order` field, and the bytes of the
 * whole record. All its fields count as nullable there, so that a record from before a field was added has a place.
 */
export function recordOrder(
  { view }: ViewLayout,
  fields: Fields,
): (row: Row, event: number, available: number) => OrderKey {
  const codec = rowCodec(
    Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, { ...type, nullable: true }])),
  );
  const { names } = codec;
  const writer = new ByteWriter();
  return (row, event, available) => {
    const whole: Record<string, Value> = {};
    for (const name of names) whole[name] = row[name] ?? null;
    writer.reset();
    codec.encode(writer, whole);
    return { event, available, order: view.order === undefined ? null : whole[view.order], bytes: writer.finish() };
  };
}
