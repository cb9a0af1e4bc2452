import fc from "fast-check";
import { expect, test } from "vitest";
import { refusesDamage } from "../../../test/oracle/damage.ts";
import { expressionFields, expressionRow } from "../../../test/oracle/expression-arbitrary.ts";
import type { AsofError } from "../errors.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { availableOf, decodeRecords, encodeRecords, headOfRecords, schemaOfRecords } from "./record-batch.ts";
import { rowCodec } from "./row-codec.ts";
import { StreamSchemas } from "./stream-schemas.ts";

const schema = "0123456789abcdef";
const schemas = new StreamSchemas();
schemas.add({ name: "events", schema, fields: expressionFields });

test("records are read as they were written; damaged ones are refused or are others", () => {
  const record = fc.record(
    { event: fc.maxSafeInteger(), row: expressionRow.map((row) => ({ ...row })) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(record, { maxLength: 5 }), fc.infiniteStream(fc.nat()), (records, random) => {
      const out = new ByteWriter();
      encodeRecords(out, schema, rowCodec(expressionFields), records);
      const bytes = out.finish();
      expect(decodeRecords(new ByteReader(bytes), records.length, schemas.codecOf)).toStrictEqual(records);
      expect(schemaOfRecords(new ByteReader(bytes))).toBe(schema);
      refusesDamage(
        bytes,
        random,
        (damaged) => void decodeRecords(new ByteReader(damaged), records.length, schemas.codecOf),
      );
      expect(() => decodeRecords(new ByteReader(bytes), records.length + 1, schemas.codecOf)).toThrow(
        expect.objectContaining({ code: "ASOF_CORRUPT" }) as AsofError,
      );
    }),
    { numRuns: 100 },
  );
});

test("records carry the idempotency key of their request, and are read by those who do not know of it", () => {
  const records = [{ event: 7, row: fc.sample(expressionRow, { numRuns: 1, seed: 1 })[0] }];
  const request = { key: "a request", count: 1, digest: "0123456789abcdef0123456789abcdef" };
  const out = new ByteWriter();
  encodeRecords(out, schema, rowCodec(expressionFields), records, request);
  const bytes = out.finish();
  expect(headOfRecords(new ByteReader(bytes))).toStrictEqual({ schema, request });
  expect(schemaOfRecords(new ByteReader(bytes))).toBe(schema);
  const [read] = decodeRecords(new ByteReader(bytes), 1, schemas.codecOf);
  expect({ ...read, row: { ...read.row } }).toEqual({ event: 7, row: { ...records[0].row } });
  refusesDamage(
    bytes,
    fc.sample(fc.infiniteStream(fc.nat()), { numRuns: 1, seed: 2 })[0],
    (damaged) => void decodeRecords(new ByteReader(damaged), 1, schemas.codecOf),
  );
});

test("a newer format is refused by its code", () => {
  expect(() => decodeRecords(new ByteReader(Uint8Array.of(3, 0)), 0, schemas.codecOf)).toThrow(
    expect.objectContaining({ code: "ASOF_FORMAT" }) as AsofError,
  );
});

test("a record is available from its arrival, or from its event where that is later", () => {
  expect(availableOf(5, 7)).toBe(7);
  expect(availableOf(9, 7)).toBe(9);
});
