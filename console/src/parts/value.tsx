import type { Value } from "../api/answers.ts";

/** A value as JSON has it, whole; null and the empty string can be told from text. */
export function ShownValue({ value }: { readonly value: Value }) {
  if (value === null) return <span className="value none">null</span>;
  return <span className="value">{textOf(value)}</span>;
}

export function textOf(value: Value): string {
  if (typeof value === "string") return value === "" ? '""' : value;
  if (typeof value === "object" && value !== null)
    return JSON.stringify(value, (_key, one: unknown) => (typeof one === "bigint" ? one.toString() : one));
  return String(value);
}

/** The bits of a double, in hexadecimal: what "bit for bit" is about. */
export function bitsOf(value: Value): string | null {
  if (typeof value !== "number") return null;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

/** Whether two values are the same, to the last bit. */
export function sameValue(a: Value, b: Value): boolean {
  if (typeof a === "object" || typeof b === "object") return textOf(a) === textOf(b) && typeof a === typeof b;
  return Object.is(a, b);
}
