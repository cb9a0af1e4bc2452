import { describe, expect, it } from "vitest";
import { t } from "./data-type.ts";
import { conforming, narrowing, widens } from "./widening.ts";

describe("widens", () => {
  const types = {
    int32: t.int32(),
    int64: t.int64(),
    float64: t.float64(),
    nonFinite: t.float64({ nonFinite: true }),
    string: t.string(),
    boolean: t.boolean(),
    timestamp: t.timestamp(),
  };
  it("where every value is exactly one of the other type", () => {
    const names = Object.keys(types) as (keyof typeof types)[];
    const found = names.flatMap((from) =>
      names.filter((to) => from !== to && widens(types[from], types[to])).map((to) => `${from} ${to}`),
    );
    expect(found).toEqual(["int32 int64", "int32 float64", "int32 nonFinite", "float64 nonFinite"]);
    for (const name of names) {
      expect(widens(types[name], types[name])).toBe(true);
      expect(widens(types[name], t.nullable(types[name]))).toBe(true);
      expect(widens(t.nullable(types[name]), types[name])).toBe(false);
    }
  });
});

describe("conforming", () => {
  it("fills, widens and leaves out", () => {
    const from = { a: t.int32(), b: t.nullable(t.int32()), gone: t.string() };
    const to = { a: t.int64(), b: t.nullable(t.int64()), c: t.nullable(t.string()), d: t.float64() };
    const conform = conforming(from, to, { d: 0.5 })!;
    expect(conform({ a: -3, b: null, gone: "x" })).toEqual({ a: -3n, b: null, c: null, d: 0.5 });
  });

  it("does nothing where nothing is to be done", () => {
    expect(conforming({ a: t.int32() }, { a: t.nullable(t.float64()) }, {})).toBeNull();
  });
});

describe("narrowing", () => {
  const past = { a: t.int32(), b: t.nullable(t.int32()), c: t.float64() };
  const present = { a: t.int64(), b: t.nullable(t.float64()), c: t.float64({ nonFinite: true }), d: t.int32() };
  const conform = conforming(past, present, { d: 7 })!;
  const narrow = narrowing(present, past, { d: 7 })!;

  it("is the way back", () => {
    for (const row of [
      { a: 2 ** 31 - 1, b: null, c: 0.5 },
      { a: -(2 ** 31), b: 3, c: -1 },
    ])
      expect(narrow(conform(row))).toEqual(row);
  });

  it("gives nothing where there was no such row", () => {
    const row = { a: 1n, b: 1, c: 1, d: 7 };
    expect(narrow(row)).toEqual({ a: 1, b: 1, c: 1 });
    for (const other of [{ a: 2n ** 31n }, { b: 1.5 }, { c: Infinity }, { d: 8 }])
      expect(narrow({ ...row, ...other })).toBeNull();
    expect(narrowing(present, { ...past, gone: t.string() }, {})).toBeNull();
    expect(narrowing(present, { a: t.string() }, {})).toBeNull();
  });
});
