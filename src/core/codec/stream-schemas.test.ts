import { expect, test } from "vitest";
import type { AsofError } from "../errors.ts";
import { t } from "../schema/data-type.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { StreamSchemas } from "./stream-schemas.ts";

const corrupt = expect.objectContaining({ name: "AsofError", code: "ASOF_CORRUPT" }) as AsofError;
const first = { name: "events", schema: "aaaa", fields: { a: t.int32() } };
const second = { name: "events", schema: "bbbb", fields: { a: t.int32(), b: t.nullable(t.string()) } };

test("every schema that was added is known, now and from what was stored", () => {
  const schemas = new StreamSchemas();
  expect(schemas.add(first)).toBe(true);
  expect(schemas.add(second)).toBe(true);
  expect(schemas.add(first)).toBe(false);
  const reopened = new StreamSchemas();
  reopened.restore(null);
  reopened.restore(JSON.stringify(schemas));
  expect(reopened.add(second)).toBe(false);
  expect(reopened.fieldsOf("aaaa")).toStrictEqual(first.fields);
  expect(reopened.toJSON()).toStrictEqual(schemas.toJSON());

  const out = new ByteWriter();
  schemas.codecOf("bbbb").encode(out, { a: 7, b: null });
  expect(reopened.codecOf("bbbb").decode(new ByteReader(out.finish()))).toStrictEqual({ a: 7, b: null });
  expect(reopened.codecOf("bbbb")).toBe(reopened.codecOf("bbbb"));
});

test("records of a schema that is not known cannot be read", () => {
  expect(() => new StreamSchemas().codecOf("cccc")).toThrow(corrupt);
});

test.each(["", "{", "null", "7", '{"a":'])("a damaged record of schemas is refused: %j", (stored) => {
  expect(() => new StreamSchemas().restore(stored)).toThrow(corrupt);
});
