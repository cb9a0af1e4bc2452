import { compileColumns } from "../expression/compile.ts";
import type { Expression } from "../expression/tree.ts";
import type { Batch, Column } from "../schema/column.ts";
import type { Fields } from "../schema/data-type.ts";
import { EVENT } from "../schema/system-columns.ts";
import { isEventSlot, type Slot } from "../tile/view-layout.ts";

/**
 * Compiles what the records of a batch contribute to a slot: a column that is null where a record contributes
 * nothing. Null where every record contributes and has no value, as for a count. The batch must hold the source's
 * fields that the slot reads, and `__event`. The bulk twin of `compileContributions`.
 */
export function compileSlot(slot: Slot, fields: Fields): ((batch: Batch) => Column) | null {
  if (isEventSlot(slot)) return (batch) => batch.columns[EVENT];
  if (slot.where === null) return slot.of === null ? null : compileColumns(slot.of, fields);
  // Where the condition is not true the argument is not even evaluated: it may be out of range there.
  return compileColumns({ op: "if", args: [slot.where, slot.of ?? TRUE, NOTHING] }, fields);
}

/** Compiles the keys under which the records of a batch contribute to a slot; null for a slot without keys. */
export function compileSlotKey(slot: Slot, fields: Fields): ((batch: Batch) => Column) | null {
  if (slot.per === null) return null;
  const { of } = slot.per;
  return compileColumns(slot.where === null ? of : { op: "if", args: [slot.where, of, NOTHING] }, fields);
}

const TRUE: Expression = { op: "literal", kind: "boolean", value: true };
const NOTHING: Expression = { op: "literal", kind: "null", value: null };
