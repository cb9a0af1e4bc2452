import fc from "fast-check";
import { expect, test } from "vitest";
import { refusesDamage } from "../../../test/oracle/damage.ts";
import { expressionFields, expressionRow } from "../../../test/oracle/expression-arbitrary.ts";
import type { AsofError } from "../errors.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { decodeRetractions, encodeRetractions, positionsOf, type RetractionsEntry } from "./retractions.ts";
import { rowCodec } from "./row-codec.ts";
import { StreamSchemas } from "./stream-schemas.ts";

const schema = "0123456789abcdef";
const fields = {
  ...expressionFields,
  shop: { kind: "string", nullable: false },
  number: { kind: "int64", nullable: false },
} as const;
const id = ["number", "shop"];
const schemas = new StreamSchemas();
schemas.add({ name: "events", schema, fields });

const idRow = fc.record(
  { number: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), shop: fc.string({ unit: "grapheme" }) },
  { noNullPrototype: true },
);
const record = fc.record(
  {
    event: fc.maxSafeInteger(),
    row: fc.tuple(expressionRow, idRow).map(([row, named]) => ({ ...row, ...named })),
  },
  { noNullPrototype: true },
);
const digest = fc.stringMatching(/^[0-9a-f]{32}$/);
const entry: fc.Arbitrary<RetractionsEntry> = fc.record(
  {
    waiting: fc.array(idRow, { maxLength: 3 }),
    follow: fc.nat(),
    request: fc.option(
      fc.record({ key: fc.string({ unit: "grapheme" }), count: fc.nat(), digest }, { noNullPrototype: true }),
    ),
    redo: fc.option(
      fc.oneof(
        fc.array(idRow, { maxLength: 3 }).map((ids) => ({ what: "retract" as const, ids })),
        fc.array(record, { maxLength: 3 }).map((records) => ({ what: "correct" as const, records })),
        fc.array(record, { maxLength: 3 }).map((records) => ({ what: "ingest" as const, records })),
      ),
    ),
  },
  { noNullPrototype: true },
);

test("retractions are read as they were written; damaged ones are refused or are others", () => {
  fc.assert(
    fc.property(entry, fc.infiniteStream(fc.nat()), (written, random) => {
      const out = new ByteWriter();
      encodeRetractions(out, schema, rowCodec(fields), fields, id, written);
      expect(decodeRetractions(new ByteReader(out.finish()), schemas)).toEqual(written);
      refusesDamage(out.finish(), random, (damaged) => void decodeRetractions(new ByteReader(damaged), schemas));
      expect(positionsOf(written)).toBe(Math.max(1, written.waiting.length));
    }),
    { numRuns: 100 },
  );
});

test("a newer format is refused by its code", () => {
  expect(() => decodeRetractions(new ByteReader(Uint8Array.of(2, 0)), schemas)).toThrow(
    expect.objectContaining({ code: "ASOF_FORMAT" }) as AsofError,
  );
});

test("an id of no fields, or of one that may be null, is damage: rows of no bytes would have no end", () => {
  const head = (names: readonly string[]): ByteWriter => {
    const out = new ByteWriter();
    out.u8(1);
    out.string(schema);
    out.varint(names.length);
    for (const name of names) out.string(name);
    out.varint(2 ** 53);
    out.varint(0);
    return out;
  };
  const nullable = Object.keys(fields).find((name) => fields[name as keyof typeof fields].nullable)!;
  for (const names of [[], [nullable]])
    expect(() => decodeRetractions(new ByteReader(head(names).finish()), schemas)).toThrow(
      expect.objectContaining({ code: "ASOF_CORRUPT" }) as AsofError,
    );
});
