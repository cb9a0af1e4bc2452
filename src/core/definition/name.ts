import { AsofError } from "../errors.ts";

/** Refuses what is not a name: lower-case letters, digits and single underscores, a letter first, at most 63. */
export function checkName(what: string, name: string): void {
  if (typeof name !== "string" || name.length > 63 || !/^[a-z](?:_?[a-z0-9])*$/.test(name))
    throw new AsofError(
      "ASOF_DEFINITION",
      `${JSON.stringify(name)} is not a name for ${what}: use lower-case letters, digits and single underscores, a letter first`,
      { name: name },
    );
}

/**
 * Refuses what are not field names: letters, digits and single underscores, a letter first, at most 63. Two names of
 * one place may not differ in case alone: the offline engine does not tell them apart.
 */
export function checkFieldNames(where: string, names: readonly string[]): void {
  if (names.length === 0) throw new AsofError("ASOF_DEFINITION", `${where} has no fields`, { where });
  const seen = new Map<string, string>();
  for (const name of names) {
    if (typeof name !== "string" || name.length > 63 || !/^[a-zA-Z](?:_?[a-zA-Z0-9])*$/.test(name))
      throw new AsofError(
        "ASOF_DEFINITION",
        `${where}: ${JSON.stringify(name)} is not a field name: use letters, digits and single underscores, a letter first`,
        { where, field: name },
      );
    const other = seen.get(name.toLowerCase());
    if (other !== undefined && other !== name)
      throw new AsofError("ASOF_DEFINITION", `${where}: the fields ${other} and ${name} differ in case alone`, {
        where,
        field: name,
      });
    seen.set(name.toLowerCase(), name);
  }
}
