import { AsofError } from "../errors.ts";

/** Refuses what is not a name: lower-case letters, digits and single underscores, a letter first, at most 63. */
export function checkName(what: string, name: string): void {
  if (typeof name !== "string" || name.length > 63 || !/^[a-z](?:_?[a-z0-9])*$/.test(name))
    throw new AsofError(
      "ASOF_DEFINITION",
      `${JSON.stringify(name)} is not a name for ${what}: use lower-case letters, digits and single underscores, a letter first`,
      { name: String(name) },
    );
}

/** Refuses what is not a field name: letters, digits and single underscores, a letter first, at most 63. */
export function checkFieldNames(where: string, names: readonly string[]): void {
  if (names.length === 0) throw new AsofError("ASOF_DEFINITION", `${where} has no fields`, { where });
  for (const name of names)
    if (name.length > 63 || !/^[a-zA-Z](?:_?[a-zA-Z0-9])*$/.test(name))
      throw new AsofError(
        "ASOF_DEFINITION",
        `${where}: ${JSON.stringify(name)} is not a field name: use letters, digits and single underscores, a letter first`,
        { where, field: name },
      );
}
