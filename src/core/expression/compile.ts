import { assert } from "../assert.ts";
import type { Batch, Column } from "../schema/column.ts";
import type { DataType, Fields, Row, Value } from "../schema/data-type.ts";
import { Emitter } from "./emit.ts";
import { columnsOf, type Expression } from "./tree.ts";
import type { Operand } from "./operand.ts";
import { runtime } from "./runtime.ts";
import { dataTypeOf } from "./expression.ts";

/**
 * Evaluates an expression for one row. A column that is missing or null in the row is null, whatever its field says.
 */
export type RowFunction = (row: Row) => Value;

/** Evaluates an expression for all rows of a batch, into arrays of its own. */
export type ColumnsFunction = (batch: Batch) => Column;

/**
 * Compiles an expression for rows. The function it gives throws AsofError ASOF_OVERFLOW.
 * @throws AsofError ASOF_UNKNOWN_FIELD, ASOF_EXPRESSION
 */
export function compileRow(expression: Expression, fields: Fields): RowFunction {
  dataTypeOf(expression, fields);
  const columns = new Map<string, Operand>();
  const reads = columnsOf(expression).map((name, i) => {
    columns.set(name, { kind: fields[name].kind, value: `c${i}`, isNull: `z${i}` });
    return `const c${i} = record[${JSON.stringify(name)}], z${i} = c${i} === null || c${i} === undefined;`;
  });
  const emitter = new Emitter(fields, columns);
  const { value, isNull } = emitter.emit(expression);
  const result = isNull === null ? value : `${isNull} ? null : ${value}`;
  return link(emitter, [
    "const row = null;",
    "return (record) => {",
    ...reads,
    ...emitter.lines,
    `return ${result};`,
    "};",
  ]) as RowFunction;
}

/**
 * Compiles an expression for batches of columns: the same code as `compileRow` in a loop, so that a value and its bits
 * do not depend on which of the two computed it. The loop is specialised on which columns hold nulls. The function it
 * gives throws AsofError ASOF_OVERFLOW with the first such row in its details (`row`).
 * @throws AsofError ASOF_UNKNOWN_FIELD, ASOF_EXPRESSION
 */
export function compileColumns(expression: Expression, fields: Fields): ColumnsFunction {
  const type = dataTypeOf(expression, fields);
  const names = columnsOf(expression);
  const loops = new Map<string, Loop>();
  return (batch) => {
    const inputs = names.map((name) => {
      const column = Object.hasOwn(batch.columns, name) ? batch.columns[name] : undefined;
      assert(column !== undefined, `the batch lacks the column ${name}`);
      assert(column.type.kind === fields[name].kind, `column ${name} is ${column.type.kind}, not ${fields[name].kind}`);
      return column;
    });
    const nullness = inputs.map(({ valid }) => (valid === null ? "-" : "n")).join("");
    let loop = loops.get(nullness);
    if (loop === undefined) loops.set(nullness, (loop = compileLoop(expression, fields, type, names, nullness)));
    return { type, ...loop(batch.rows, inputs) };
  };
}

type Loop = (rows: number, columns: readonly Column[]) => Pick<Column, "values" | "valid">;

function compileLoop(
  expression: Expression,
  fields: Fields,
  type: DataType,
  names: readonly string[],
  nullness: string,
): Loop {
  const columns = new Map<string, Operand>();
  const arrays: string[] = [];
  const reads: string[] = [];
  names.forEach((name, i) => {
    const { kind } = fields[name];
    const hasNulls = nullness[i] === "n";
    columns.set(name, { kind, value: `c${i}`, isNull: hasNulls ? `z${i}` : null });
    arrays.push(`const values${i} = columns[${i}].values;`);
    reads.push(`const c${i} = values${i}[row]${kind === "boolean" ? " !== 0" : ""};`);
    if (!hasNulls) return;
    arrays.push(`const valid${i} = columns[${i}].valid;`);
    reads.push(`const z${i} = valid${i}[row] === 0;`);
  });
  const emitter = new Emitter(fields, columns);
  const { value, isNull } = emitter.emit(expression);
  const store = `out[row] = ${storedSource(type, value)};`;
  const [declare, keep, valid] =
    isNull === null
      ? ["", store, "null"]
      : [
          "const valid = new Uint8Array(rows); let nulls = 0;",
          `if (${isNull}) nulls++; else { valid[row] = 1; ${store} }`,
          "nulls === 0 ? null : valid",
        ];
  return link(emitter, [
    "return (rows, columns) => {",
    ...arrays,
    `const out = ${newArraySource(type)};`,
    declare,
    "for (let row = 0; row < rows; row++) {",
    ...reads,
    ...emitter.lines,
    keep,
    "}",
    `return { values: out, valid: ${valid} };`,
    "};",
  ]) as Loop;
}

function newArraySource({ kind }: DataType): string {
  if (kind === "string") return 'new Array(rows).fill("")';
  return kind === "int64" ? "new BigInt64Array(rows)" : "new Float64Array(rows)";
}

/**
 * A value as columns hold it: booleans as 0 and 1, and one bit pattern for NaN (arithmetic on some processors sets its
 * sign).
 */
function storedSource({ kind }: DataType, value: string): string {
  if (kind === "boolean") return `${value} ? 1 : 0`;
  return kind === "float64" ? `${value} === ${value} ? ${value} : NaN` : value;
}

function link(emitter: Emitter, lines: readonly string[]): unknown {
  const source = ['"use strict";', `const { ${Object.keys(runtime).join(", ")} } = runtime;`, ...lines].join("\n");
  // The source holds no text of the user but JSON strings: see `constantSource` and `compileRow`.
  // oxlint-disable-next-line typescript/no-implied-eval -- to compile is the purpose
  return new Function("runtime", "constants", source)(runtime, emitter.constants);
}
