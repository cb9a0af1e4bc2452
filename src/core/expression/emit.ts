import { assert } from "../assert.ts";
import type { Fields } from "../schema/data-type.ts";
import { familyOf, type CallExpression, type Expression, type ExpressionType, type LiteralExpression } from "./tree.ts";
import { unify } from "./family-type.ts";
import { constantOf, type Constant } from "./literal.ts";
import { constantSource, widen, zeroSource, type Operand } from "./operand.ts";
import {
  arithmeticSource,
  comparisonSource,
  durationSource,
  numberSource,
  outOfRange,
  textSource,
  type ScalarSource,
} from "./scalar-source.ts";
import { nodeType, typeOf } from "./expression.ts";

/** From here on `in` asks a set; below, comparing one by one is faster. */
const SET_SIZE = 8;

/**
 * Writes the statements that evaluate an expression tree for one row. It knows nothing of where rows come from: the
 * columns are given as operands, and errors name the row by the variable `row` (null where there is no number).
 *
 * Nulls: arithmetic, comparison, text and calendar operations give null if an operand is null. `and`, `or` and `not`
 * have three values, as in SQL. `greatest` and `least` ignore nulls (NaN counts as greatest), `coalesce` takes the
 * first that is not null, and an `if` whose condition is null takes its second branch.
 *
 * What need not be evaluated is not, and so cannot overflow: operands of `and`, `or` and `coalesce` are taken from the
 * left until one decides, and of the branches of an `if` only one.
 */
export class Emitter {
  /** The statements so far. */
  lines: string[] = [];
  /** What the generated code uses as `constants[i]`: sets, which cannot be written down as source. */
  readonly constants: unknown[] = [];
  readonly #fields: Fields;
  readonly #columns: ReadonlyMap<string, Operand>;
  #names = 0;

  constructor(fields: Fields, columns: ReadonlyMap<string, Operand>) {
    this.#fields = fields;
    this.#columns = columns;
  }

  /** Writes what evaluates the expression, and says where its value and null flag then are. */
  emit(expression: Expression): Operand {
    if (expression.op === "column") {
      const operand = this.#columns.get(expression.name);
      assert(operand !== undefined, `column ${expression.name} was not read`);
      return operand;
    }
    if (expression.op === "literal") return literalOperand(expression);
    if (expression.op !== "duration") {
      if (expression.op === "and" || expression.op === "or") return this.#logic(expression.op, expression.args);
      if (expression.op === "coalesce") return this.#coalesce(expression);
      if (expression.op === "if") return this.#condition(expression);
      if (expression.op === "greatest" || expression.op === "least") return this.#extreme(expression, expression.op);
    }
    const args = expression.args.map((argument) => this.emit(argument));
    if (expression.op === "isNull") return { kind: "boolean", value: args[0].isNull ?? "false", isNull: null };
    return this.#strict(expression, args);
  }

  /** An operation that is null where an operand is. */
  #strict(expression: Exclude<Expression, { op: "column" | "literal" }>, args: readonly Operand[]): Operand {
    const types = args.map(operandType);
    const kind = nodeType(expression, types, this.#fields).kind;
    const source = this.#scalarSource(expression, args, kind);
    const value = this.#name("v");
    const compute = (declare: string): void => {
      this.lines.push(`${declare}${value} = ${source.value};`);
      if (source.checked)
        this.lines.push(
          `if (${outOfRange(kind, value)}) throw overflow(${JSON.stringify(expression.op)}, "${kind}", row);`,
        );
    };
    const nulls = [...new Set(args.flatMap(({ isNull }) => isNull ?? [])), ...(source.nullIf ? [source.nullIf] : [])];
    if (nulls.length === 0) {
      compute("const ");
      return { kind, value, isNull: null };
    }
    const isNull = this.#name("n");
    this.lines.push(
      `const ${isNull} = ${nulls.join(" || ")};`,
      `let ${value} = ${zeroSource(kind)};`,
      `if (!${isNull}) {`,
    );
    compute("");
    this.lines.push("}");
    return { kind, value, isNull };
  }

  #scalarSource(
    expression: Exclude<Expression, { op: "column" | "literal" }>,
    args: readonly Operand[],
    kind: Operand["kind"],
  ): ScalarSource {
    if (expression.op === "duration") return durationSource(expression.unit, args[0].kind, args[0].value);
    const { op } = expression;
    const values = args.map(({ value }) => value);
    switch (familyOf(op)) {
      case "arithmetic": {
        const isNumeric = args.every(
          (argument) => argument.kind === "int32" || argument.kind === "int64" || argument.kind === "float64",
        );
        const common = isNumeric ? commonKind(op, args) : undefined;
        const [a, b] = args.map((argument) => (common === undefined ? argument.value : widen(argument, common)));
        return arithmeticSource(
          op,
          common === undefined ? args.map((argument) => argument.kind) : [common, common],
          kind,
          a,
          b,
        );
      }
      case "comparison": {
        const common = commonKind(op, args);
        return comparisonSource(op, common, widen(args[0], common), widen(args[1], common));
      }
      case "membership":
        return { value: this.#membership(expression, args) };
      case "logic":
        return { value: `!${values[0]}` };
      case "calendar":
        return { value: `${op}(${values[0]})` };
      case "text":
      case "measure":
      case "search":
        return textSource(op, values);
      default:
        return numberSource(op, args[0].kind, values[0]);
    }
  }

  #membership(expression: CallExpression, args: readonly Operand[]): string {
    const kind = commonKind("in", args);
    const of = widen(args[0], kind);
    const options = expression.args
      .slice(1)
      .map((option) => constantOf(option as LiteralExpression))
      .map((option): Constant => (kind === "int64" && typeof option === "number" ? BigInt(option) : option))
      // NaN equals nothing, but a set would find it.
      .filter((option) => !Number.isNaN(option));
    if (options.length < SET_SIZE)
      return options.map((option) => `${of} === ${constantSource(option)}`).join(" || ") || "false";
    return `constants[${this.constants.push(new Set(options)) - 1}].has(${of})`;
  }

  /** `and` and `or`: a deciding operand (false, true) ends it; otherwise a null among the operands makes it null. */
  #logic(op: "and" | "or", args: readonly Expression[]): Operand {
    const decides = op === "or";
    const [value, isNull, block] = [this.#name("v"), this.#name("n"), this.#name("block")];
    let nullable = false;
    this.lines.push(`let ${value} = ${!decides}, ${isNull} = false;`, `${block}: {`);
    for (const argument of args) {
      const operand = this.emit(argument);
      const isDecided = `if (${decides ? "" : "!"}${operand.value}) { ${value} = ${decides}; ${isNull} = false; break ${block}; }`;
      this.lines.push(
        operand.isNull === null ? isDecided : `if (${operand.isNull}) ${isNull} = true; else ${isDecided}`,
      );
      nullable ||= operand.isNull !== null;
    }
    this.lines.push("}");
    return { kind: "boolean", value, isNull: nullable ? isNull : null };
  }

  #coalesce(expression: CallExpression): Operand {
    const kind = typeOf(expression, this.#fields).kind;
    const [value, isNull, block] = [this.#name("v"), this.#name("n"), this.#name("block")];
    this.lines.push(`let ${value} = ${zeroSource(kind)}, ${isNull} = true;`, `${block}: {`);
    for (const argument of expression.args) {
      const operand = this.emit(argument);
      const take = `${value} = ${widen(operand, kind)}; ${isNull} = false; break ${block};`;
      this.lines.push(operand.isNull === null ? take : `if (!${operand.isNull}) { ${take} }`);
      if (operand.isNull !== null) continue;
      this.lines.push("}");
      return { kind, value, isNull: null };
    }
    this.lines.push("}");
    return { kind, value, isNull };
  }

  #condition(expression: CallExpression): Operand {
    const kind = typeOf(expression, this.#fields).kind;
    const [value, isNull] = [this.#name("v"), this.#name("n")];
    const [test, ...branches] = expression.args;
    const condition = this.emit(test);
    let nullable = false;
    const branch = (index: number): void => {
      const operand = this.emit(branches[index]);
      nullable ||= operand.isNull !== null;
      const take = `${value} = ${widen(operand, kind)};`;
      this.lines.push(operand.isNull === null ? take : `${isNull} = ${operand.isNull}; if (!${isNull}) ${take}`);
    };
    this.lines.push(`let ${value} = ${zeroSource(kind)}, ${isNull} = false;`);
    this.lines.push(`if (${condition.isNull === null ? "" : `!${condition.isNull} && `}${condition.value}) {`);
    branch(0);
    this.lines.push("} else {");
    branch(1);
    this.lines.push("}");
    return { kind, value, isNull: nullable ? isNull : null };
  }

  #extreme(expression: CallExpression, op: "greatest" | "least"): Operand {
    const kind = typeOf(expression, this.#fields).kind;
    const [value, isNull] = [this.#name("v"), this.#name("n")];
    let nullable = true;
    this.lines.push(`let ${value} = ${zeroSource(kind)}, ${isNull} = true;`);
    for (const argument of expression.args) {
      const operand = this.emit(argument);
      const candidate = widen(operand, kind);
      const wins = `${isNull} || ${beats(op, kind, candidate, value)}`;
      this.lines.push(
        `if (${operand.isNull === null ? wins : `!${operand.isNull} && (${wins})`}) { ${value} = ${candidate}; ${isNull} = false; }`,
      );
      nullable &&= operand.isNull !== null;
    }
    return { kind, value, isNull: nullable ? isNull : null };
  }

  #name(prefix: string): string {
    return `${prefix}_${this.#names++}`;
  }
}

function beats(op: "greatest" | "least", kind: Operand["kind"], candidate: string, best: string): string {
  const sign = op === "greatest" ? ">" : "<";
  if (kind === "string") return `compareStrings(${candidate}, ${best}) ${sign} 0`;
  const comparison = `${candidate} ${sign} ${best}`;
  if (kind !== "float64") return comparison;
  const nan = op === "greatest" ? candidate : best;
  return `${comparison} || ${nan} !== ${nan}`;
}

function literalOperand(expression: LiteralExpression): Operand {
  const { kind } = expression;
  return { kind, value: constantSource(constantOf(expression)), isNull: kind === "null" ? "true" : null };
}

function commonKind(op: string, args: readonly Operand[]): Operand["kind"] {
  const fail = (why: string): Error => new Error(why);
  return unify(op, args.map(operandType), fail).kind;
}

function operandType({ kind, isNull }: Operand): ExpressionType {
  return { kind, nullable: isNull !== null };
}
