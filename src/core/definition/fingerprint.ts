import { sha256 } from "./sha256.ts";

/** JSON with sorted names and nothing undefined: equal data, equal text. */
export function canonicalJson(data: unknown): string {
  return JSON.stringify(data, (_key, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) return String(value);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}

/** What identifies data: 32 hexadecimal digits of the SHA-256 of its canonical JSON. */
export function fingerprint(data: unknown): string {
  return sha256(canonicalJson(data)).slice(0, 32);
}
