import { formatTimestamp } from "../../core/time/timestamp.ts";

/** A copy in which the moments under these names are ISO 8601. */
export function withTimes<T extends object>(
  value: T,
  ...names: readonly (keyof T & string)[]
): Record<string, unknown> {
  const copy = { ...value } as Record<string, unknown>;
  for (const name of names) {
    const at = copy[name];
    if (typeof at === "number") copy[name] = formatTimestamp(at);
  }
  return copy;
}
