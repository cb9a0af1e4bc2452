import type { Column } from "../../src/core/schema/column.ts";
import { t } from "../../src/core/schema/data-type.ts";

const validity = (values: readonly unknown[]): Uint8Array | null =>
  values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 0 : 1)) : null;

/** The value under a null is unspecified: something that would be noticed. */
const UNSPECIFIED = 12345;

const numbers =
  (type: Column["type"]) =>
  (values: readonly (number | null)[]): Column => ({
    type,
    values: Float64Array.from(values, (value) => value ?? UNSPECIFIED),
    valid: validity(values),
  });

export const doubles = numbers(t.nullable(t.float64({ nonFinite: true })));
export const int32s = numbers(t.nullable(t.int32()));
export const timestamps = numbers(t.nullable(t.timestamp()));

export const booleans = (values: readonly (boolean | null)[]): Column => ({
  ...numbers(t.nullable(t.boolean()))(values.map((value) => (value === null ? null : Number(value)))),
});

export const int64s = (values: readonly (bigint | null)[]): Column => ({
  type: t.nullable(t.int64()),
  values: BigInt64Array.from(values, (value) => value ?? BigInt(UNSPECIFIED)),
  valid: validity(values),
});

export const strings = (values: readonly (string | null)[]): Column => ({
  type: t.nullable(t.string()),
  values: values.map((value) => value ?? "unspecified"),
  valid: validity(values),
});

/** Numbers within (0, 1), the same for the same seed (Lehmer). */
export function sequence(seed: number): () => number {
  let state = (seed * 7919) % 2147483647;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
