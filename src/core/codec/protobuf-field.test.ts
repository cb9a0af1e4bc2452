import fc from "fast-check";
import { expect, test } from "vitest";
import { fieldsOf, lengthDelimited, messageOf } from "./protobuf-field.ts";

const number = fc.integer({ min: 1, max: 536_870_911 });

test("what is written is read", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(number, fc.uint8Array({ maxLength: 300 })), { maxLength: 5 }), (given) => {
      const message = messageOf(given.map(([field, content]) => lengthDelimited(field, content)));
      const found = fieldsOf(message);
      expect(found.map((field) => [field.number, Uint8Array.from(field.content!)])).toEqual(given);
      expect(Buffer.compare(messageOf(found), message)).toBe(0);
    }),
  );
});

test("numbers are carried along as they stand", () => {
  // The message of the Protocol Buffers guide, field 1 = 150; then a negative int64, a double and a float.
  const message = new Uint8Array(Buffer.from("08960110ffffffffffffffffff0119000000000000f03f250000803f", "hex"));
  const found = fieldsOf(message);
  expect(found.map((field) => field.number)).toEqual([1, 2, 3, 4]);
  expect(found.every((field) => field.content === null)).toBe(true);
  expect(messageOf(found)).toEqual(message);
});

test("a message cut short is our fault", () => {
  const message = messageOf([lengthDelimited(3, new Uint8Array(200))]);
  for (const length of [1, 2, 3, 100, 202]) expect(() => fieldsOf(message.subarray(0, length))).toThrow("cut short");
});
