import type { Kind } from "../schema/data-type.ts";

/**
 * Says where a parsed value is not of a shape, as in `files[2].rows`, or null where it is. Stored JSON is judged by it
 * before it is believed: what was damaged, or made by others, may be any JSON.
 */
export type Shape = (value: unknown, at: string) => string | null;

const when =
  (holds: (value: unknown) => boolean): Shape =>
  (value, at) =>
    holds(value) ? null : at;

export const text = when((value) => typeof value === "string");
export const flag = when((value) => typeof value === "boolean");
export const finite = when(Number.isFinite);
/** A whole number that is exact. */
export const whole = when(Number.isSafeInteger);
/** A whole number from 0. */
export const count = when((value) => Number.isSafeInteger(value) && (value as number) >= 0);
export const matching = (pattern: RegExp): Shape => when((value) => typeof value === "string" && pattern.test(value));
export const oneOf = (...values: readonly unknown[]): Shape => when((value) => values.includes(value));

/** Also null. */
export const orNull =
  (of: Shape): Shape =>
  (value, at) =>
    value === null ? null : of(value, at);

/** May be left out of an object. */
export const optional =
  (of: Shape): Shape =>
  (value, at) =>
    value === undefined ? null : of(value, at);

export const listOf =
  (of: Shape): Shape =>
  (value, at) => {
    if (!Array.isArray(value)) return at;
    for (const [i, item] of value.entries()) {
      const fault = of(item, `${at}[${i}]`);
      if (fault !== null) return fault;
    }
    return null;
  };

/** An object of any names. */
export const mapOf =
  (of: Shape): Shape =>
  (value, at) => {
    if (!isObject(value)) return at;
    for (const [name, item] of Object.entries(value)) {
      const fault = of(item, `${at}.${name}`);
      if (fault !== null) return fault;
    }
    return null;
  };

/** An object that has these members of its own; what else it has is passed over. */
export const objectOf =
  (members: Readonly<Record<string, Shape>>): Shape =>
  (value, at) => {
    if (!isObject(value)) return at;
    for (const [name, of] of Object.entries(members)) {
      const fault = of(Object.hasOwn(value, name) ? value[name] : undefined, at === "" ? name : `${at}.${name}`);
      if (fault !== null) return fault;
    }
    return null;
  };

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const KINDS: readonly Kind[] = ["string", "boolean", "int32", "int64", "float64", "timestamp"];

/** A data type, and named ones. */
export const typeShape = objectOf({ kind: oneOf(...KINDS), nullable: flag, nonFinite: optional(oneOf(true)) });
export const fieldsShape = mapOf(typeShape);
