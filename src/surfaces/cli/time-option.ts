import { parseTimestamp, type Timestamp } from "../../core/time/timestamp.ts";

/** A moment as a user gives it to an option: ISO 8601, or whole microseconds. @throws ASOF_TIMESTAMP */
export function timeOption(text: string): Timestamp {
  return parseTimestamp(/^[+-]?\d+$/.test(text) ? Number(text) : text);
}
