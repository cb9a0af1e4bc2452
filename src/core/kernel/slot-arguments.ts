import { compileColumns } from "../expression/compile.ts";
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
  const where = slot.where === null ? null : compileColumns(slot.where, fields);
  if (slot.of === null) {
    if (where === null) return null;
    return (batch) => {
      const condition = where(batch);
      return onlyTrue(condition, condition, batch.rows);
    };
  }
  const of = isEventSlot(slot) ? (batch: Batch) => batch.columns[EVENT] : compileColumns(slot.of, fields);
  return where === null ? of : (batch) => onlyTrue(of(batch), where(batch), batch.rows);
}

/** A column, null also where the condition is not true. */
function onlyTrue(column: Column, condition: Column, rows: number): Column {
  const valid = new Uint8Array(rows);
  for (let i = 0; i < rows; i++)
    valid[i] =
      condition.values[i] === 1 && (condition.valid === null || condition.valid[i] !== 0) && (column.valid === null || column.valid[i] !== 0)
        ? 1
        : 0;
  return { ...column, valid };
}
