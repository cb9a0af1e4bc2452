import { canonicalize } from "../codec/canonicalize.ts";
import { AsofError } from "../errors.ts";
import type { Fields, Row, Value } from "../schema/data-type.ts";
import type { SourceDefinition } from "./data.ts";

/**
 * The defaults of a source as plain data: an int64 as its digits, what is not finite as its name.
 * @throws ASOF_UNKNOWN_FIELD, ASOF_DEFINITION; ASOF_TYPE … for what is no value of its field
 */
export function plainDefaults(
  source: string,
  fields: Fields,
  defaults: Readonly<Record<string, unknown>>,
): NonNullable<SourceDefinition["defaults"]> {
  return Object.fromEntries(
    Object.entries(defaults).map(([field, value]) => {
      if (!Object.hasOwn(fields, field))
        throw new AsofError("ASOF_UNKNOWN_FIELD", `source ${source} has no field ${field} to have a default`, {
          source,
          field,
        });
      // A file does not tell a null from what is not there.
      if (fields[field].nullable)
        throw new AsofError(
          "ASOF_DEFINITION",
          `source ${source}: the field ${field} may be null, which is its default: leave out one of the two`,
          { source, field },
        );
      return [field, plain(canonicalize(fields[field], value, field))];
    }),
  );
}

function plain(value: Value): string | number | boolean {
  if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value))) return String(value);
  return value!;
}

/** What a record that does not bring a field has in it, as values. */
export function defaultsOf({ fields, defaults = {} }: SourceDefinition): Row {
  return Object.fromEntries(
    Object.entries(defaults).map(([field, value]) => [field, canonicalize(fields[field], value, field)]),
  );
}
