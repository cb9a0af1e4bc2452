/** A name as SQL text, quoted, whatever it holds: `a"b` → `"a""b"`. */
export function sqlIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A string as SQL text. DuckDB reads no escapes inside quotes; a NUL, which cannot stand in a statement, is spelt
 * `chr(0)`.
 */
export function sqlString(text: string): string {
  const parts = text.split("\0").map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? parts[0] : `(${parts.join(" || chr(0) || ")})`;
}
