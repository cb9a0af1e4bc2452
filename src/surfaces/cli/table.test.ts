import { expect, test } from "vitest";
import { plain, styleFor } from "./style.ts";
import { facts, table } from "./table.ts";
import { visible, visibleLines, width } from "./text.ts";

test("aligns text to the left and numbers to the right, without trailing blanks", () => {
  const rows = [
    ["flights", "3,000,000", "yes"],
    ["x", "1", ""],
  ];
  expect(table(["source", { right: "rows" }, "ok"], rows, plain)).toBe(
    ["source        rows  ok", "flights  3,000,000  yes", "x                1"].join("\n"),
  );
});

test("aligns by what a terminal shows: wide characters take two columns, marks none", () => {
  const text = table(
    ["name", "n"],
    [
      ["東京", "1"],
      ["e\u0301t\u00e9", "2"],
      ["✈️🛫", "3"],
    ],
    plain,
  );
  expect(text.split("\n").map((line) => width(line.slice(0, -1)))).toEqual([6, 6, 6, 6]);
  expect(width("\u001b[31mred\u001b[39m")).toBe(3);
});

test("emphasis changes no alignment", () => {
  const bold = styleFor({ isTTY: true }, {});
  const rows = [
    ["a", "bb"],
    ["aaa", "b"],
  ];
  const styled = table(["one", "two"], rows, bold, (cell, _column, row) => (row === 0 ? bold.red(cell) : cell));
  expect(styled).toContain("\u001b[31m");
  // oxlint-disable-next-line no-control-regex
  expect(styled.replace(/\u001b\[\d+m/g, "")).toBe(table(["one", "two"], rows, plain));
});

test("facts align their values", () => {
  expect(
    facts(
      [
        ["a", "1"],
        ["long", ""],
        ["b", "2"],
      ],
      plain,
    ),
  ).toBe("a     1\nlong\nb     2");
});

test("what could steer a terminal is shown instead", () => {
  expect(visible("a\u001b[2Jb\nc\u202ed\u0000")).toBe("a\\u001b[2Jb\\nc\\u202ed\\u0000");
  expect(visibleLines("one\ttwo\nthree\u0007")).toBe("one\ttwo\nthree\\u0007");
  expect(table(["x"], [["\u001b[31mred"]], plain)).toBe("x\n\\u001b[31mred");
});

test("colour on a terminal only, and not where it is unwanted", () => {
  const coloured = (stream: { isTTY?: boolean }, env: Record<string, string>): boolean =>
    styleFor(stream, env) !== plain;
  expect(coloured({ isTTY: true }, {})).toBe(true);
  expect(coloured({ isTTY: true }, { NO_COLOR: "" })).toBe(true);
  expect(coloured({ isTTY: true }, { NO_COLOR: "1" })).toBe(false);
  expect(coloured({ isTTY: true }, { TERM: "dumb" })).toBe(false);
  expect(coloured({ isTTY: false }, {})).toBe(false);
  expect(coloured({}, {})).toBe(false);
});
