import fc from "fast-check";
import { expect, test } from "vitest";
import type { FeatureType, FeatureValue } from "../../core/aggregation/aggregation.ts";
import type { WrittenText } from "../../core/result/answer-form.ts";
import type { FeatureAnswer } from "../../core/result/answers.ts";
import { t } from "../../core/schema/data-type.ts";
import { answerForm } from "./answer-form.ts";
import { answerWriter } from "./answer-writer.ts";
import { TextBuffers } from "./text-buffers.ts";

const plain: Record<string, FeatureType> = {
  "p__a b": t.nullable(t.float64({ nonFinite: true })),
  p__text: t.nullable(t.string()),
  p__whole: t.int32(),
};
const other: Record<string, FeatureType> = {
  o__time: t.nullable(t.timestamp()),
  o__large: t.int64(),
  o__list: { kind: "list", of: t.timestamp(), nullable: true },
};
const time = fc.integer({ min: -1e15, max: 1e15 });
const valuesOfPlain = fc.tuple(fc.option(fc.double()), fc.option(fc.string({ unit: "binary" })), fc.integer());
const valuesOfOther = fc.tuple(fc.option(time), fc.bigInt(), fc.option(fc.array(time, { maxLength: 3 })));
const status = fc.constantFrom("PRESENT", "NOT_FOUND", "EXPIRED", "OVERFLOW");

test("an answer written part by part is the answer written whole", () => {
  const of = (types: Record<string, FeatureType>, values: readonly FeatureValue[]): [string, FeatureValue][] =>
    Object.keys(types).map((name, i) => [name, values[i]]);
  fc.assert(
    fc.property(
      valuesOfPlain,
      valuesOfOther,
      fc.array(status, { minLength: 2, maxLength: 2 }),
      fc.option(time),
      time,
      ([number, text, whole], second, [one, two], eventTime, at) => {
        // There is no −0.
        const first = [number === null ? null : number + 0, text, whole];
        const loads = { p: 7, ö: -1 };
        const common = { t: at, knowledge: "served" as const, loads };
        const both: FeatureAnswer = {
          values: Object.fromEntries([...of(plain, first), ...of(other, second as FeatureValue[])]),
          statuses: { p: one, o: two },
          eventTimes: { p: eventTime, o: null },
          ...common,
        };
        const form = answerForm([
          { alias: "p", types: plain },
          { alias: "o", types: other },
        ]);
        const parts = [form.part(0, first, one, eventTime), form.part(1, second, two, null)];
        const expected = answerWriter({ ...plain, ...other }).features(both);
        const isWritten = (head: WrittenText, text: string): void => {
          const tail = form.tail(at, loads);
          expect(head.text + tail.text).toBe(text);
          expect(head.bytes + tail.bytes).toBe(Buffer.byteLength(text));
        };
        isWritten(form.head(parts), expected);
        const alone: FeatureAnswer = {
          values: Object.fromEntries(of(plain, first)),
          statuses: { p: one },
          eventTimes: { p: eventTime },
          ...common,
        };
        isWritten(form.head([parts[0]]), answerWriter(plain).features(alone));
      },
    ),
    { numRuns: 300 },
  );
});

test("texts as bytes are what they are as one text, whatever memory is used again", () => {
  const buffers = new TextBuffers();
  const lent: { bytes: Buffer; text: string }[] = [];
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme", maxLength: 50 })),
      fc.nat(30_000),
      fc.boolean(),
      (texts, times, back) => {
        const all = [...texts, "é".repeat(times), "€😀".repeat(times)];
        const text = all.join("");
        lent.push({ bytes: buffers.join(all, Buffer.byteLength(text)), text });
        for (const { bytes, text } of lent) expect(bytes.toString() === text).toBe(true);
        if (back || lent.length > 5) for (const { bytes } of lent.splice(0)) buffers.giveBack(bytes);
      },
    ),
    { numRuns: 60 },
  );
});
