import fc from "fast-check";
import { t, type Fields, type Kind, type Row, type Value } from "../../src/core/schema/data-type.ts";
import { literalOf } from "../../src/core/expression/literal.ts";
import { durationUnits, type DurationUnit, type Expression, type Operation } from "../../src/core/expression/tree.ts";
import { anyDouble, finiteDouble } from "./doubles.ts";

const MAX_TIME = Number.MAX_SAFE_INTEGER;
const smallInteger = fc.integer({ min: -3, max: 9 });

/** Values of each kind, extremes among them; few enough different ones that comparisons find equals. */
const valuesOf: Readonly<Record<Kind, fc.Arbitrary<Exclude<Value, null>>>> = {
  string: fc.oneof(
    fc.constantFrom(
      "",
      "a",
      "A",
      "ORD",
      "É",
      "ß",
      "'",
      '"',
      "\0",
      "\uE000",
      "\uFFFF",
      "\u{10000}",
      "\u{1F600}",
      "${x}`",
      "\u2028",
      "\\",
    ),
    fc.string({ unit: "grapheme", maxLength: 4 }).filter((text) => text.isWellFormed()),
  ),
  boolean: fc.boolean(),
  int32: fc.oneof(smallInteger, fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 46_341), fc.integer()),
  int64: fc.oneof(
    smallInteger.map(BigInt),
    fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n, 3_037_000_500n),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  ),
  float64: fc.oneof(
    smallInteger.map((x) => x / 2),
    finiteDouble,
  ),
  timestamp: fc.oneof(
    fc.integer({ min: -100, max: 100 }).map((days) => days * 86_400_000_000),
    fc.constantFrom(-MAX_TIME, MAX_TIME, -1, 0, 951_782_400_000_000),
    fc.integer({ min: -MAX_TIME, max: MAX_TIME }),
  ),
};

const kinds = Object.keys(valuesOf) as Kind[];

/** Two columns of each kind, one of which may be null, and a float64 that may be anything. */
export const expressionFields: Fields = {
  ...Object.fromEntries(
    kinds.flatMap((kind) => [
      [kind, t[kind]()],
      [`nullable "${kind}"`, t.nullable(t[kind]())],
    ]),
  ),
  wild: t.float64({ nonFinite: true }),
};

/** Rows of `expressionFields`. */
export const expressionRow: fc.Arbitrary<Row> = fc.record(
  Object.fromEntries(
    Object.entries(expressionFields).map(([name, type]) => {
      const values = type.nonFinite ? anyDouble : valuesOf[type.kind];
      return [name, type.nullable ? fc.option(values, { freq: 3 }) : values];
    }),
  ),
);

type Shape = Kind | "duration";
type Grow = (kind: Shape, depth: number) => fc.Arbitrary<Expression>;

const call = (op: Operation, ...args: fc.Arbitrary<Expression>[]): fc.Arbitrary<Expression> =>
  fc.tuple(...args).map((args): Expression => ({ op, args }));

/** Expressions of one kind that `typeOf` accepts over `expressionFields`, of every operation. */
export function expressionOfKind(kind: Shape, depth = 4): fc.Arbitrary<Expression> {
  const grown = new Map<string, fc.Arbitrary<Expression>>();
  const grow: Grow = (kind, depth) => {
    const key = `${kind} ${depth}`;
    let arbitrary = grown.get(key);
    if (arbitrary === undefined) {
      arbitrary = depth === 0 ? leaf(kind) : fc.oneof(leaf(kind), leaf(kind), ...branches(kind, depth - 1, grow));
      grown.set(key, arbitrary);
    }
    return arbitrary;
  };
  return grow(kind, depth);
}

function leaf(kind: Shape): fc.Arbitrary<Expression> {
  if (kind === "duration")
    return fc.oneof(
      fc.integer({ min: -MAX_TIME, max: MAX_TIME }).map((value): Expression => ({ op: "literal", kind, value })),
      fc.integer({ min: -9, max: 9 }).map((value): Expression => ({ op: "literal", kind, value })),
    );
  const columns = Object.entries(expressionFields).filter(([, type]) => type.kind === kind);
  const literal = valuesOf[kind].map((value): Expression => {
    if (kind === "timestamp") return { op: "literal", kind, value: value as number };
    return kind === "float64" && Number.isInteger(value)
      ? { op: "literal", kind, value: value as number }
      : literalOf(value);
  });
  return fc.oneof(fc.constantFrom(...columns.map(([name]): Expression => ({ op: "column", name }))), literal);
}

const anyKind = fc.constantFrom<Kind>(...kinds);

function branches(kind: Shape, depth: number, grow: Grow): fc.Arbitrary<Expression>[] {
  const of = (kind: Shape): fc.Arbitrary<Expression> => grow(kind, depth);
  // What may stand where a float64 or an int64 is wanted, as long as one operand is of that kind.
  const narrow = kind === "float64" || kind === "int64" ? fc.oneof(of(kind), of("int32")) : of(kind);
  const same = [
    call("if", of("boolean"), of(kind), narrow),
    call("if", of("boolean"), of(kind), fc.constant(literalOf(null))),
    call("coalesce", of(kind), narrow),
    call("greatest", of(kind), narrow, of(kind)),
    call("least", of(kind), narrow),
  ];
  const duration = fc
    .tuple(
      fc.oneof(of("int32"), of("int64"), of("float64")),
      fc.constantFrom(...(Object.keys(durationUnits) as DurationUnit[])),
    )
    .map(([amount, unit]): Expression => ({ op: "duration", unit, args: [amount] }));
  const two = (op: Operation): fc.Arbitrary<Expression> =>
    fc.oneof(call(op, of(kind), narrow), call(op, narrow, of(kind)));
  switch (kind) {
    case "boolean":
      return [...same, ...booleans(of)];
    case "int32":
      return [
        ...same,
        ...(["add", "subtract", "multiply", "modulo"] as const).map(two),
        ...(["negate", "abs", "floor", "round"] as const).map((op) => call(op, of(kind))),
        ...(["year", "month", "dayOfMonth", "weekday", "hour", "minute"] as const).map((op) =>
          call(op, of("timestamp")),
        ),
        call("length", of("string")),
        call("toInt32", fc.oneof(of("float64"), of("int64"))),
      ];
    case "int64":
      return [
        ...same,
        ...(["add", "subtract", "multiply", "modulo"] as const).map(two),
        ...(["negate", "abs", "ceil"] as const).map((op) => call(op, of(kind))),
        call("toInt64", fc.oneof(of("float64"), of("int32"))),
      ];
    case "float64":
      return [
        ...same,
        ...(["add", "subtract", "multiply", "divide", "modulo"] as const).map(two),
        ...(["negate", "abs", "floor", "ceil", "round", "sqrt"] as const).map((op) => call(op, of(kind))),
        call("divide", of("int32"), of("int32")),
        call("divide", of("int64"), of("int64")),
        call("divide", of("duration"), of("duration")),
        call("toFloat", of("int64")),
      ];
    case "string":
      return [...same, call("lower", of(kind)), call("upper", of(kind)), call("concat", of(kind), of(kind))];
    case "timestamp":
      return [
        ...same,
        call("add", of(kind), of("duration")),
        call("add", of("duration"), of(kind)),
        call("subtract", of(kind), of("duration")),
      ];
    default:
      kind satisfies "duration";
      return [
        ...same,
        duration,
        duration,
        call("add", of(kind), of(kind)),
        call("subtract", of(kind), of(kind)),
        call("subtract", of("timestamp"), of("timestamp")),
        call("multiply", of(kind), of("float64")),
        call("multiply", of("int32"), of(kind)),
        call("divide", of(kind), of("float64")),
        call("negate", of(kind)),
        call("abs", of(kind)),
      ];
  }
}

const comparisons = ["eq", "ne", "lt", "le", "gt", "ge"] as const;

function booleans(of: (kind: Shape) => fc.Arbitrary<Expression>): fc.Arbitrary<Expression>[] {
  return [
    ...closedBooleans(of, fc.oneof(anyKind, fc.constant("duration" as const))),
    call("startsWith", of("string"), of("string")),
    call("contains", of("string"), of("string")),
  ];
}

function closedBooleans(
  of: (kind: Shape) => fc.Arbitrary<Expression>,
  kinds: fc.Arbitrary<Shape>,
): fc.Arbitrary<Expression>[] {
  const logic = (op: Operation): fc.Arbitrary<Expression> => call(op, of("boolean"), of("boolean"));
  return [
    ...comparisons.map((op) => kinds.chain((kind) => call(op, of(kind), of(kind)))),
    fc.constantFrom(...comparisons).chain((op) => call(op, of("int32"), fc.oneof(of("int64"), of("float64")))),
    logic("and"),
    logic("or"),
    call("and", of("boolean"), of("boolean"), of("boolean")),
    call("not", of("boolean")),
    kinds.chain((kind) => call("isNull", of(kind))),
    anyKind.chain((kind) =>
      fc
        .tuple(
          of(kind),
          fc.array(
            leaf(kind).filter(({ op }) => op === "literal"),
            { maxLength: 12 },
          ),
        )
        .map(([value, options]): Expression => ({ op: "in", args: [value, ...options] })),
    ),
  ];
}

/** Conditions of the closed list that SQL is made of. */
export function closedCondition(depth = 3): fc.Arbitrary<Expression> {
  const grow: Grow = (kind, depth) => {
    if (depth === 0) return leaf(kind);
    const of = (kind: Shape): fc.Arbitrary<Expression> => grow(kind, depth - 1);
    if (kind === "boolean") return fc.oneof(leaf(kind), ...closedBooleans(of, anyKind));
    if (kind !== "int32" && kind !== "int64") return leaf(kind);
    const other = kind === "int32" ? of(kind) : fc.oneof(of("int32"), of("int64"));
    return fc.oneof(leaf(kind), ...(["add", "subtract", "multiply"] as const).map((op) => call(op, of(kind), other)));
  };
  return fc.oneof(...closedBooleans((kind) => grow(kind, depth), anyKind));
}
