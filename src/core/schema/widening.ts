import type { DataType, Fields, Row, Value } from "./data-type.ts";

/** Whether every value of one type is, exactly, a value of the other. */
export function widens(from: DataType, to: DataType): boolean {
  if (from.nullable && !to.nullable) return false;
  if (from.nonFinite === true && to.nonFinite !== true) return false;
  if (from.kind === to.kind) return true;
  return from.kind === "int32" && (to.kind === "int64" || to.kind === "float64");
}

/**
 * Makes rows of one set of fields rows of another: a field that they lack has its value in `defaults`, or null; one
 * that is wider now is of the wider type; one that is there no longer is left out. Null where nothing is to be done.
 * What does not widen stays as it is: to be read by nobody.
 */
export function conforming(from: Fields, to: Fields, defaults: Row): ((row: Row) => Row) | null {
  const names = Object.keys(to);
  const asBigint = names.filter((name) => from[name]?.kind === "int32" && to[name].kind === "int64");
  const lacking = names.filter((name) => !Object.hasOwn(from, name));
  if (asBigint.length + lacking.length === 0 && Object.keys(from).length === names.length) return null;
  return (row) => {
    const conformed: Record<string, Value> = {};
    for (const name of names) conformed[name] = row[name];
    for (const name of lacking) conformed[name] = defaults[name] ?? null;
    for (const name of asBigint) if (typeof row[name] === "number") conformed[name] = BigInt(row[name]);
    return conformed;
  };
}
