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

/**
 * The way back of `conforming`: rows of the present fields as they would have been written in others. Null for a row
 * that none of those has been; null at once where no row of the present fields tells of all of them.
 */
export function narrowing(present: Fields, to: Fields, defaults: Row): ((row: Row) => Row | null) | null {
  const names = Object.keys(to);
  if (!names.every((name) => Object.hasOwn(present, name) && widens(to[name], present[name]))) return null;
  const added = Object.keys(present).filter((name) => !Object.hasOwn(to, name));
  return (row) => {
    if (added.some((name) => !Object.is(row[name], defaults[name] ?? null))) return null;
    const narrowed: Record<string, Value> = {};
    for (const name of names) {
      const value = narrowValue(row[name], to[name]);
      if (value === undefined) return null;
      narrowed[name] = value;
    }
    return narrowed;
  };
}

/** A value as one of a narrower type; undefined where it is none. */
function narrowValue(value: Value, { kind, nullable, nonFinite }: DataType): Value | undefined {
  if (value === null) return nullable ? null : undefined;
  if (kind === "int32") {
    const whole = Number(value);
    return (whole | 0) === whole ? whole : undefined;
  }
  return kind === "float64" && nonFinite !== true && !Number.isFinite(value) ? undefined : value;
}
