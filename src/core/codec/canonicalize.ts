import { AsofError, type ErrorCode } from "../errors.ts";
import type { DataType, Value } from "../schema/data-type.ts";
import { parseTimestamp } from "../time/timestamp.ts";

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/**
 * Checks a value from outside against a type and returns the one form in which asof keeps it: no −0, a timestamp as
 * microseconds, an int64 as bigint. Absent (undefined) is null.
 *
 * - int64: bigint, safe integer or string of decimal digits
 * - float64: number; where the type admits them also "NaN", "Infinity" and "-Infinity"
 * - timestamp: whole microseconds, Date or ISO 8601
 *
 * @param field named in the error's details
 * @throws AsofError ASOF_MISSING_FIELD, ASOF_TYPE, ASOF_OVERFLOW, ASOF_NOT_FINITE, ASOF_STRING, ASOF_TIMESTAMP
 */
export function canonicalize(type: DataType, value: unknown, field?: string): Value {
  if (value === null || value === undefined) {
    if (type.nullable) return null;
    throw refusal("ASOF_MISSING_FIELD", type, value, field, "it may not be null");
  }
  switch (type.kind) {
    case "string":
      if (typeof value !== "string") break;
      if (!value.isWellFormed()) throw refusal("ASOF_STRING", type, value, field, "it holds a lone surrogate");
      return value;
    case "boolean":
      if (typeof value !== "boolean") break;
      return value;
    case "int32":
      if (typeof value !== "number") break;
      if ((value | 0) === value) return value + 0;
      if (!Number.isFinite(value)) throw refusal("ASOF_NOT_FINITE", type, value, field, "it must be finite");
      if (!Number.isInteger(value)) break;
      throw refusal("ASOF_OVERFLOW", type, value, field, "it is beyond −2^31 to 2^31 − 1");
    case "int64":
      return canonicalInt64(type, value, field);
    case "float64":
      return canonicalFloat64(type, value, field);
    case "timestamp":
      if (typeof value !== "number" && typeof value !== "string" && !(value instanceof Date)) break;
      try {
        return parseTimestamp(value);
      } catch (error) {
        if (!(error instanceof AsofError) || field === undefined) throw error;
        throw new AsofError(error.code, `field ${field}: ${error.message}`, { ...error.details, field }, error);
      }
  }
  throw refusal("ASOF_TYPE", type, value, field);
}

function canonicalInt64(type: DataType, value: unknown, field: string | undefined): bigint {
  let whole: bigint;
  if (typeof value === "bigint") whole = value;
  else if (typeof value === "number") {
    if (!Number.isFinite(value)) throw refusal("ASOF_NOT_FINITE", type, value, field, "it must be finite");
    if (!Number.isInteger(value)) throw refusal("ASOF_TYPE", type, value, field);
    if (!Number.isSafeInteger(value))
      throw refusal(
        "ASOF_OVERFLOW",
        type,
        value,
        field,
        "beyond ±2^53 a number is not exact: give a bigint or a string",
      );
    whole = BigInt(value);
  } else if (typeof value === "string" && /^[+-]?\d{1,40}$/.test(value)) whole = BigInt(value.replace(/^\+/, ""));
  else throw refusal("ASOF_TYPE", type, value, field);
  if (whole < MIN_INT64 || whole > MAX_INT64)
    throw refusal("ASOF_OVERFLOW", type, value, field, "it is beyond −2^63 to 2^63 − 1");
  return whole;
}

function canonicalFloat64(type: DataType, value: unknown, field: string | undefined): number {
  let number: number;
  if (typeof value === "number") number = value;
  else if (value === "NaN" || value === "Infinity" || value === "-Infinity") number = Number(value);
  else throw refusal("ASOF_TYPE", type, value, field);
  if (type.nonFinite !== true && !Number.isFinite(number))
    throw refusal("ASOF_NOT_FINITE", type, value, field, "it must be finite");
  return number + 0;
}

function refusal(code: ErrorCode, type: DataType, value: unknown, field: string | undefined, why?: string): AsofError {
  const found = describe(value);
  const expected = `${type.kind}${type.nullable ? " or null" : ""}`;
  const where = field === undefined ? "a value" : `field ${field}`;
  return new AsofError(code, `${where}: expected ${expected}, found ${found}${why === undefined ? "" : `: ${why}`}`, {
    ...(field === undefined ? {} : { field }),
    expected,
    found,
  });
}

/** The type and the beginning of a value, for messages. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") {
    const start = value.length > 40 ? `${value.slice(0, 40)}…` : value;
    return `the string ${JSON.stringify(start)}`;
  }
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return `the ${typeof value} ${String(value)}`;
  return Array.isArray(value) ? "an array" : value instanceof Date ? "a Date" : `a value of type ${typeof value}`;
}
