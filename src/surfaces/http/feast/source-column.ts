import type { SourceDefinition } from "../../../core/definition/data.ts";
import { AsofError } from "../../../core/errors.ts";

/**
 * The field of a source that a column of Feast's holds: by the field's name, by the name it has in files, or
 * `event_timestamp` for when it happened. `created` is passed over where the source has no such field: what arrives
 * is stamped here. @throws ASOF_UNKNOWN_FIELD
 */
export function sourceColumn(source: SourceDefinition, column: string): string | null {
  if (Object.hasOwn(source.fields, column)) return column;
  const inFiles = Object.entries(source.columns).find(([, name]) => name === column);
  if (inFiles !== undefined) return inFiles[0];
  if (column === "event_timestamp" && source.eventTime.op === "column") return source.eventTime.name;
  if (column === "created") return null;
  throw new AsofError(
    "ASOF_UNKNOWN_FIELD",
    `source ${source.name} has no field for ${JSON.stringify(column)}; it has ${Object.keys(source.fields).join(", ")}`,
    { source: source.name, field: column },
  );
}
