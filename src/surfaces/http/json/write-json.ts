/**
 * A value as JSON, by the rules of the contract: integers of any size are exact, NaN and ±Infinity are strings. What
 * is undefined is left out of an object and null in an array.
 */
export function writeJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return writeNumber(value);
    case "bigint":
      return value.toString();
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map(writeJson).join(",")}]`;
      return writeObject(value);
    default:
      return "null";
  }
}

/** A number as JSON. There is no −0. */
export function writeNumber(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

function writeObject(value: object): string {
  let out = "";
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    out += `${out === "" ? "{" : ","}${JSON.stringify(key)}:${writeJson(member)}`;
  }
  return out === "" ? "{}" : `${out}}`;
}
