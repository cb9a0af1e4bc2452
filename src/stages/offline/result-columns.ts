import { canOverflow, type FeatureType, isCollection } from "../../core/aggregation/feature-type.ts";
import { type Collection, collectionText, columnType } from "../../core/codec/collection-text.ts";
import { featureName } from "../../core/definition/service-features.ts";
import { clearOutput, type FeatureOutput } from "../../core/kernel/aggregate-moments.ts";
import type { KeyedRows } from "../../core/kernel/prefix-windows.ts";
import type { AggregateUse } from "../../core/plan/service-plan.ts";
import type { Column } from "../../core/schema/column.ts";
import type { Value } from "../../core/schema/data-type.ts";
import { EVENT_TIME } from "../../core/tile/view-layout.ts";
import { type AggregateJoin, emptyOutputs, type UseOutput } from "./aggregate-join.ts";

/** The columns of a view's evidence in a result. */
export const statusColumn = (alias: string): string => `${alias}____status`;
export const eventTimeColumn = (alias: string): string => `${alias}____event_time`;

/** Outputs of batches, of the same memory for all of them where that is allowed. */
export class LentOutputs {
  private readonly isAllowed: boolean;
  private readonly kept = new Map<string, { readonly rows: number; readonly outputs: UseOutput }>();

  constructor(isAllowed: boolean) {
    this.isAllowed = isAllowed;
  }

  of({ use, passing }: AggregateJoin["uses"][number], { rows, key }: KeyedRows): UseOutput {
    if (!this.isAllowed) return emptyOutputs(passing, use, rows);
    let kept = this.kept.get(use.alias);
    if (kept === undefined || kept.rows < rows) {
      kept = { rows, outputs: emptyOutputs(passing, use, rows) };
      this.kept.set(use.alias, kept);
    } else if (key.includes(-1))
      // Rows without a key are answered by what is there.
      for (const { name, slot } of passing) clearOutput(use.layout.slots[slot], kept.outputs.get(name)!);
    return new Map([...kept.outputs].map(([name, output]) => [name, firstRows(output, rows)]));
  }
}

/** The first rows of an output, in its memory. */
function firstRows({ numbers, objects, valid }: FeatureOutput, rows: number): FeatureOutput {
  return {
    numbers: numbers === null ? null : numbers.subarray(0, rows),
    objects: objects === null ? null : objects.slice(0, rows),
    valid: valid.subarray(0, rows),
  };
}

/** Adds those of a use's features that are among the outputs, from a row of theirs on. */
export function addAggregates(
  columns: Record<string, Column>,
  use: AggregateUse,
  outputs: UseOutput,
  at: number,
  rows: number,
): void {
  for (const [feature, output] of outputs) {
    if (feature === EVENT_TIME)
      columns[eventTimeColumn(use.alias)] = slice(output, { kind: "timestamp", nullable: true }, at, rows);
    else columns[featureName(use.alias, feature)] = slice(output, use.features[feature], at, rows);
  }
}

function slice({ numbers, objects, valid }: FeatureOutput, feature: FeatureType, at: number, rows: number): Column {
  const type = columnType(feature);
  const part = valid.subarray(at, at + rows);
  const bits = type.nullable && part.includes(0) ? part : null;
  if (numbers !== null) return { type, values: numbers.subarray(at, at + rows), valid: bits };
  const values = objects!.slice(at, at + rows);
  if (type.kind === "int64")
    return {
      type,
      values: BigInt64Array.from(values, (value) => (value === null ? 0n : (value as bigint))),
      valid: bits,
    };
  if (type.kind === "boolean")
    return { type, values: Float64Array.from(values, (value) => (value === true ? 1 : 0)), valid: bits };
  if (isCollection(feature))
    return {
      type,
      values: values.map((value) => (value === null ? "" : collectionText(feature, value as Collection))),
      valid: bits,
    };
  return { type, values: values.map((value) => (value === null ? "" : String(value as Value))), valid: bits };
}

/** What an aggregate view had to say: OVERFLOW where a feature of it is null that only then is. */
export function aggregateStatus(
  { alias, features }: AggregateUse,
  columns: Readonly<Record<string, Column>>,
  rows: number,
): Column {
  const status = constant("PRESENT", rows);
  const statuses = status.values as string[];
  for (const [feature, type] of Object.entries(features)) {
    const { valid } = columns[featureName(alias, feature)];
    if (valid === null || !canOverflow(type)) continue;
    for (let i = 0; i < rows; i++) if (valid[i] === 0) statuses[i] = "OVERFLOW";
  }
  return status;
}

export function constant(value: string, rows: number): Column {
  return { type: { kind: "string", nullable: false }, values: Array.from({ length: rows }, () => value), valid: null };
}

export function nothing(rows: number): Column {
  return { type: { kind: "timestamp", nullable: true }, values: new Float64Array(rows), valid: new Uint8Array(rows) };
}
