import fc from "fast-check";
import { expect, test } from "vitest";
import { parseFlatLines } from "./parse-flat-lines.ts";
import { mayHoldLongNumber } from "./scan-json.ts";

const seed = 20261128;

const record = fc.dictionary(
  fc.constantFrom("a", "b", "c", "__proto__", "n\n"),
  fc.oneof(
    fc.integer(),
    fc.constantFrom("", "}", ",", "\n", '"', "é"),
    fc.constantFrom("x", "y", "{"),
    fc.constant(null),
    fc.boolean(),
  ),
);
/** Lines that are JSON, and such as come of cutting and joining them elsewhere. */
const texts = fc.oneof(
  fc.array(record, { maxLength: 5 }).map((records) => records.map((one) => JSON.stringify(one)).join("\n")),
  fc
    .array(
      fc.constantFrom(
        "{",
        "}",
        '{"a":1}',
        '"a":',
        '"',
        "{",
        "\n",
        "\n{",
        "\n{",
        "}\n",
        ",",
        "1",
        '"a":"',
        '"}',
        "[",
        "]",
        " ",
      ),
      { maxLength: 14 },
    )
    .map((parts) => parts.join("")),
  fc
    .array(fc.constantFrom('{"a":1},{"b":2}', '{"a":"x', '{y"}', '{"a":1},5', '{"a":1}', '{"a":1', '"b":2}', "{}"), {
      maxLength: 5,
    })
    .map((lines) => lines.join("\n")),
);

test("what is parsed at once is what its lines are one by one", () => {
  let together = 0;
  fc.assert(
    fc.property(texts, fc.boolean(), (text, ends) => {
      const body = ends ? `${text}\n` : text;
      const parsed = parseFlatLines(body);
      if (parsed === null) return;
      together++;
      expect(parsed).toEqual(text.split("\n").map((line) => JSON.parse(line) as unknown));
    }),
    { seed, numRuns: 20_000 },
  );
  expect(together).toBeGreaterThan(1_000);
});

test("plain lines are parsed at once; what has more to it is not", () => {
  const lines = ['{"a":1,"s":"x"}', ' {"a":2}', '{"a":1} \r'];
  expect(parseFlatLines(`${lines[0]}\n${lines[2]}\n`)).toEqual([{ a: 1, s: "x" }, { a: 1 }]);
  for (const other of [lines[1], '{"a":[1]}', '{"a":{}}', '{"a":12345678901234567}', '{"a":"{"}', "", "1"])
    expect(parseFlatLines(`${lines[0]}\n${other}\n${lines[0]}`)).toBeNull();
});

test("long numbers are seen wherever they stand", () => {
  const digits = fc.oneof(fc.constantFrom("0", "9", "1"), fc.constantFrom(".", "a", "é", "-"));
  const runs = fc
    .tuple(fc.constantFrom(13, 14, 15, 16, 17, 18, 40), fc.constantFrom("9", "1", "0"))
    .map(([n, d]) => d.repeat(n));
  fc.assert(
    fc.property(fc.array(fc.oneof(digits, runs, fc.string({ maxLength: 20 })), { maxLength: 8 }), (parts) => {
      const text = parts.join("");
      expect(mayHoldLongNumber(text)).toBe(/\d{17}/.test(text) || /(?<!\d)9\d{15}(?!\d)/.test(text));
    }),
    { seed, numRuns: 5_000 },
  );
});
