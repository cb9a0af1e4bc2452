import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { schemaValidator } from "../../../test/flow/schema-validator.ts";
import { AsofError } from "../../core/errors.ts";
import { t } from "../../core/schema/data-type.ts";
import { parseTimestamp } from "../../core/time/timestamp.ts";
import { type Body, readBody } from "./body.ts";
import { readRecords } from "./read-records.ts";
import { readRequest, type RowsRequest } from "./read-request.ts";
import { rowReader } from "./row-reader.ts";
import { requestSchema } from "./service-shape.ts";

const fields = { at: t.timestamp(), name: t.string(), amount: t.float64(), cents: t.int64() };
const read = rowReader(fields);
const json = (text: string): Body => ({ language: "json", text });
const ndjson = (text: string): Body => ({ language: "ndjson", text });

function refusal(run: () => unknown): AsofError {
  try {
    run();
  } catch (error) {
    if (error instanceof AsofError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("a body", () => {
  const plain = Buffer.from('{"a":"é"}');

  test("is UTF-8, plain", () => {
    expect(readBody("json", plain, "application/json; charset=UTF-8", undefined)).toEqual(json('{"a":"é"}'));
    expect(readBody("json", plain, 'application/json;charset="utf8"', "identity")).toEqual(json('{"a":"é"}'));
  });

  test("in another encoding is not read", () => {
    const charset = refusal(() => readBody("json", plain, "application/json; charset=latin1", undefined));
    expect([charset.code, charset.details]).toEqual(["ASOF_MEDIA_TYPE", { charset: "latin1" }]);
    const coding = refusal(() => readBody("json", plain, "application/json", "gzip"));
    expect([coding.code, coding.details]).toEqual(["ASOF_MEDIA_TYPE", { contentEncoding: "gzip" }]);
  });

  test("names the first byte that is not UTF-8", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.constantFrom([0xff], [0xc3, 0x28], [0xe2, 0x82, 0x28], [0x80], [0xed, 0xa0, 0x80]),
        fc.string({ unit: "grapheme" }),
        (before, wrong, after) => {
          const start = Buffer.from(before);
          const error = refusal(() =>
            readBody("json", Buffer.concat([start, Buffer.from(wrong), Buffer.from(after)]), "", undefined),
          );
          expect(error.code).toBe("ASOF_JSON");
          const position = error.details["position"] as number;
          expect(position).toBeGreaterThanOrEqual(start.length);
          expect(position).toBeLessThan(start.length + wrong.length);
        },
      ),
    );
  });
});

describe("records", () => {
  const record = '{"at":"2026-01-01","name":"a","amount":1.5,"cents":9007199254740993}';
  const parsed = { at: "2026-01-01", name: "a", amount: 1.5, cents: 9007199254740993n };

  test("are one object, an array, or lines", () => {
    expect(readRecords(json(record), read)).toEqual([parsed]);
    expect(readRecords(json(`[${record},${record}]`), read)).toEqual([parsed, parsed]);
    for (const text of [`${record}\n${record}\n`, `${record}\n${record}`, `${record}\r\n ${record} \r\n`])
      expect(readRecords(ndjson(text), read)).toEqual([parsed, parsed]);
  });

  test("an integer is a bigint in int64 fields only", () => {
    expect(
      readRecords(json('{"at":9007199254740993,"amount":9007199254740993,"other":9007199254740993,"cents":7}'), read),
    ).toEqual([{ at: 9007199254740992, amount: 9007199254740992, other: 9007199254740992, cents: 7 }]);
  });

  test.each([
    ["a blank line", `${record}\n\n${record}`, "ASOF_JSON", { line: 2, column: 1, position: record.length + 1 }],
    ["two records on a line", `${record}\n${record},${record}`, "ASOF_JSON", { line: 2 }],
    ["a record over two lines", '{"name":\n"a"}', "ASOF_JSON", { line: 1, column: 9, expected: "a value" }],
    ["an array on a line", `${record}\n[${record}]`, "ASOF_REQUEST", { line: 2 }],
    ["null on a line", "null", "ASOF_REQUEST", { line: 1 }],
    ["a nested value", `${record}\n{"name":{"first":"a"}}`, "ASOF_REQUEST", { line: 2, field: "name" }],
    ["a prototype", `${record}\n{"__proto__":null}`, "ASOF_REQUEST", { line: 2, field: "__proto__" }],
    ["a prototype in disguise", '{"\\u005f_proto__":1}', "ASOF_REQUEST", { line: 1, field: "__proto__" }],
    ["nothing", "", "ASOF_EMPTY", {}],
  ])("in lines refuse %s", (_, text, code, details) => {
    const error = refusal(() => readRecords(ndjson(text), read));
    expect(error.code).toBe(code);
    expect(error.details).toMatchObject(details);
  });

  test.each([
    ["nothing", "", "ASOF_JSON", { position: 0 }],
    ["no record", "[]", "ASOF_EMPTY", {}],
    ["a value", "7", "ASOF_REQUEST", { record: 0 }],
    ["an array in the array", `[${record},[]]`, "ASOF_REQUEST", { record: 1 }],
    ["an array for a value", '[{"name":["a"]}]', "ASOF_REQUEST", { record: 0, field: "name" }],
    ["lines", `${record}\n${record}`, "ASOF_JSON", { line: 2, column: 1, expected: "nothing more" }],
  ])("in JSON refuse %s", (_, text, code, details) => {
    const error = refusal(() => readRecords(json(text), read));
    expect(error.code).toBe(code);
    expect(error.details).toMatchObject(details);
  });
});

describe("a request", () => {
  const request = (body: unknown, maxRows = 3, at = true): RowsRequest =>
    readRequest(json(typeof body === "string" ? body : JSON.stringify(body)), read, maxRows, at);

  test("is merged row by row", () => {
    expect(request({ entities: [{ name: "a" }, { name: "b" }], request: [{ amount: 1 }, {}], at: 5 })).toEqual({
      rows: [{ name: "a", amount: 1 }, { name: "b" }],
      at: 5,
    });
    expect(request({ entities: [{ name: "a" }], at: "2026-01-01" })).toEqual({
      rows: [{ name: "a" }],
      at: "2026-01-01",
    });
    expect(request({ entities: [{ name: "a" }] })).toEqual({ rows: [{ name: "a" }], at: undefined });
    expect(request({ entities: [{ name: "a" }], at: 5, knowledge: "now" })).toEqual({
      rows: [{ name: "a" }],
      at: 5,
      knowledge: "now",
    });
  });

  test.each([
    ["not an object", "[]", {}],
    ["null", "null", {}],
    ["no entities", { request: [{}] }, { field: "entities" }],
    ["entities that are no array", { entities: {} }, { field: "entities" }],
    ["no row", { entities: [] }, { field: "entities" }],
    ["too many rows", { entities: [{}, {}, {}, {}] }, { field: "entities", rows: 4, limit: 3 }],
    ["another number of rows", { entities: [{}, {}], request: [{}] }, { entities: 2, request: 1 }],
    ["a value given twice", { entities: [{ name: "a" }], request: [{ name: "a" }] }, { row: 0, field: "name" }],
    ["a row that is none", { entities: [{}, 7] }, { entities: 1 }],
    ["a nested value", { entities: [{ name: { $ne: null } }] }, { entities: 0, field: "name" }],
    ["a prototype", '{"entities":[{"__proto__":{"admin":true}}]}', { entities: 0, field: "__proto__" }],
    ["a prototype for itself", '{"entities":[{}],"__proto__":{}}', { field: "__proto__" }],
    ["what is unknown", { entities: [{}], entites: [] }, { field: "entites" }],
    ["a moment that is none", { entities: [{}], at: [1] }, { field: "at" }],
    ["a knowledge that is none", { entities: [{}], knowledge: "later" }, { field: "knowledge" }],
    ["a moment that is null", { entities: [{}], at: null }, { field: "at" }],
  ])("is refused with %s", (_, body, details) => {
    const error = refusal(() => request(body));
    expect(error.code).toBe("ASOF_REQUEST");
    expect(error.details).toEqual(details);
  });

  test("for predictions is of now", () => {
    expect(refusal(() => request({ entities: [{}], at: 5 }, 3, false)).details).toEqual({ field: "at" });
    expect(refusal(() => request({ entities: [{}], knowledge: "now" }, 3, false)).details).toEqual({
      field: "knowledge",
    });
  });

  test("is not NDJSON", () => {
    expect(refusal(() => readRequest(ndjson('{"entities":[{}]}'), read, 1, true)).code).toBe("ASOF_MEDIA_TYPE");
  });

  const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
  const wrong = fc.oneof(
    scalar,
    fc.array(scalar, { maxLength: 2 }),
    fc.dictionary(fc.string(), scalar, { maxKeys: 2 }),
  );
  const mostly = <T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: wrong });
  const row = mostly(fc.dictionary(fc.constantFrom("a", "b", "c", "d"), mostly(scalar), { maxKeys: 2 }));
  const rows = mostly(fc.array(row, { minLength: 1, maxLength: 4 }));
  const at = mostly(fc.oneof(fc.integer(), fc.constantFrom("2026-03-02", "2026-03-02 01:02Z"), fc.string()));
  const anyRequest = mostly(
    fc.oneof(
      fc.record({ entities: rows, at }, { requiredKeys: ["entities"] }),
      fc.record({ entities: rows, request: rows }),
      fc.record({ entities: rows, more: wrong }, { requiredKeys: [] }),
    ),
  );

  test.each([true, false])("is one exactly where its schema says so, with a moment: %s", async (mayAskAt) => {
    const validate = await schemaValidator(requestSchema(3, mayAskAt));
    // What rows have to do with one another no schema says.
    const refusedForMerging = ({ details }: AsofError): boolean =>
      "row" in details || Object.keys(details).join() === "entities,request";
    fc.assert(
      fc.property(anyRequest, (value) => {
        let refused: AsofError | null = null;
        try {
          const { at: asked } = request(JSON.stringify(value), 3, mayAskAt);
          // The store reads it.
          if (asked !== undefined) parseTimestamp(asked);
        } catch (error) {
          refused = error as AsofError;
        }
        expect(["ASOF_REQUEST", "ASOF_TIMESTAMP"]).toContain(refused?.code ?? "ASOF_REQUEST");
        expect(refused === null || refusedForMerging(refused), refused?.message ?? "taken").toBe(
          validate(value) === null,
        );
      }),
      { numRuns: 1000 },
    );
  });
});
