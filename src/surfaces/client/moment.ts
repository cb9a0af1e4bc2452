import type { Timestamp } from "../../core/time/timestamp.ts";

/** Microseconds of a moment as the server writes it: ISO 8601, UTC, with at most six digits of a fraction. */
export function microsOf(text: string): Timestamp {
  const dot = text.indexOf(".");
  if (dot < 0) return Date.parse(text) * 1000;
  const fraction = text.slice(dot + 1, -1);
  return Date.parse(`${text.slice(0, dot)}Z`) * 1000 + Number(fraction.padEnd(6, "0"));
}
