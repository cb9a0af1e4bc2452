import type { ModelDefinition, SourceDefinition } from "../../core/definition/data.ts";
import { AsofError } from "../../core/errors.ts";
import { compileColumns } from "../../core/expression/compile.ts";
import { columnsOf, type Expression } from "../../core/expression/tree.ts";
import { ColumnBuffer, gather, gatherNumbers } from "../../core/kernel/column-buffer.ts";
import { RunSorter } from "../../core/kernel/group.ts";
import type { Batch, Column } from "../../core/schema/column.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { formatTimestamp } from "../../core/time/timestamp.ts";

/** Rows to ask about, in the order of their moments: inputs of a service, moment, label. */
export interface Examples {
  readonly rows: number;
  readonly inputs: Readonly<Record<string, Column>>;
  readonly t: Float64Array;
  readonly label: Float64Array;
}

/** Rows of a source, all columns named by `columns`, in an order that depends on the rows alone. */
export type SourceRows = (
  source: string,
  columns: readonly string[],
  range: { readonly at: Expression; readonly from: number; readonly until: number },
) => AsyncIterable<Batch>;

/**
 * The examples of a model: rows of its source whose moment lies in either part of the split, whose condition holds
 * and whose label is known. Of each part at most `sample` rows are taken, evenly over time.
 * @throws ASOF_NO_DATA where a part is empty
 */
export async function readExamples(
  model: ModelDefinition,
  source: SourceDefinition,
  inputs: Fields,
  rows: SourceRows,
): Promise<{ readonly train: Examples; readonly test: Examples }> {
  const { examples, label, split } = model;
  const expressions = [examples.at, label, ...(examples.where === null ? [] : [examples.where])];
  const columns = [...new Set([...Object.keys(inputs), ...expressions.flatMap(columnsOf)])];
  const momentOf = compileColumns(examples.at, source.fields);
  const labelOf = compileColumns(label, source.fields);
  const holds = examples.where === null ? null : compileColumns(examples.where, source.fields);
  const train = new ExampleBuffer(inputs, split.train);
  const test = new ExampleBuffer(inputs, split.test);
  const range = { at: examples.at, from: split.train[0], until: split.test[1] };
  for await (const batch of rows(source.name, columns, range)) {
    const t = momentOf(batch);
    const known = keep(batch.rows, [t, labelOf(batch)], holds === null ? null : holds(batch));
    for (const part of [train, test])
      part.add(batch, t.values as Float64Array, labelOf(batch).values as Float64Array, known);
  }
  return { train: train.examples(model, examples.sample), test: test.examples(model, examples.sample) };
}

/** 1 for rows in which no column is null and the condition is true. */
function keep(rows: number, columns: readonly Column[], condition: Column | null): Uint8Array {
  const kept = new Uint8Array(rows).fill(1);
  for (const { valid } of columns) if (valid !== null) for (let i = 0; i < rows; i++) kept[i] &= valid[i];
  if (condition !== null)
    for (let i = 0; i < rows; i++)
      if (condition.values[i] !== 1 || (condition.valid !== null && condition.valid[i] === 0)) kept[i] = 0;
  return kept;
}

class ExampleBuffer {
  private readonly from: number;
  private readonly until: number;
  private readonly inputs: ReadonlyMap<string, ColumnBuffer>;
  private readonly t = new ColumnBuffer({ kind: "timestamp", nullable: false });
  private readonly label = new ColumnBuffer({ kind: "float64", nullable: false });

  constructor(inputs: Fields, [from, until]: readonly [number, number]) {
    this.from = from;
    this.until = until;
    this.inputs = new Map(
      Object.entries(inputs).map(([name, type]) => [name, new ColumnBuffer({ ...type, nullable: true })]),
    );
  }

  add(batch: Batch, t: Float64Array, label: Float64Array, known: Uint8Array): void {
    const places: number[] = [];
    for (let i = 0; i < batch.rows; i++) if (known[i] === 1 && t[i] >= this.from && t[i] < this.until) places.push(i);
    if (places.length === 0) return;
    const order = Uint32Array.from(places);
    for (const [name, buffer] of this.inputs) buffer.add(gather(batch.columns[name], order), order.length);
    this.t.add(
      { type: { kind: "timestamp", nullable: false }, values: gatherNumbers(t, order), valid: null },
      order.length,
    );
    this.label.add(
      { type: { kind: "float64", nullable: false }, values: gatherNumbers(label, order), valid: null },
      order.length,
    );
  }

  examples(model: ModelDefinition, sample: number | null): Examples {
    const { rows } = this.t;
    if (rows === 0)
      throw new AsofError(
        "ASOF_NO_DATA",
        `model ${model.name}: there are no examples from ${formatTimestamp(this.from)} until ${formatTimestamp(this.until)}`,
        { model: model.name, from: formatTimestamp(this.from), until: formatTimestamp(this.until) },
      );
    const t = this.t.column().values as Float64Array;
    const order = new Uint32Array(rows);
    for (let i = 0; i < rows; i++) order[i] = i;
    new RunSorter().sort(order, 0, rows, t);
    const taken = evenly(order, sample ?? rows);
    return {
      rows: taken.length,
      inputs: Object.fromEntries([...this.inputs].map(([name, buffer]) => [name, gather(buffer.column(), taken)])),
      t: gatherNumbers(t, taken),
      label: gatherNumbers(this.label.column().values as Float64Array, taken),
    };
  }
}

/** At most `n` of the places, evenly spread. */
function evenly(order: Uint32Array, n: number): Uint32Array {
  const { length } = order;
  if (length <= n) return order;
  return order.filter((_, i) => Math.floor(((i + 1) * n) / length) > Math.floor((i * n) / length));
}
