import { formatTimestamp, type Timestamp } from "../../core/time/timestamp.ts";

/** What stands in a table where there is no value. */
export const NONE = "-";

/** 3000000 → "3,000,000" */
export function count(value: number | bigint | null): string {
  return value === null ? NONE : String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** 44200000 → "44.2 MB", in powers of 1000. */
export function bytes(value: number | null): string {
  if (value === null) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  let size = value;
  // 999.95 would print as 1000.0.
  while (size >= (unit === 0 ? 1000 : 999.95) && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? String(size) : size.toFixed(1)} ${units[unit]}`;
}

/** 0.0123 → "0.012 s", 12.34 → "12.3 s", 185 → "3 min 05 s" */
export function seconds(value: number | null): string {
  if (value === null) return NONE;
  if (value < 0.9995) return `${value.toFixed(3)} s`;
  if (value < 59.95) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  const padded = (part: number): string => String(part).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${padded(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${padded(Math.floor((whole % 3600) / 60))} min`;
}

/** A length of time in microseconds, coarse where it is long: "250 µs", "8.2 ms", "3.5 h", "4.0 d". */
export function span(micros: number | null): string {
  if (micros === null) return NONE;
  const size = Math.abs(micros);
  if (size < 1_000) return `${micros} µs`;
  if (size < 1_000_000) return `${(micros / 1_000).toFixed(1)} ms`;
  if (size < 60_000_000) return `${(micros / 1_000_000).toFixed(1)} s`;
  if (size < 3_600_000_000) return `${(micros / 60_000_000).toFixed(1)} min`;
  if (size < 86_400_000_000) return `${(micros / 3_600_000_000).toFixed(1)} h`;
  return `${(micros / 86_400_000_000).toFixed(1)} d`;
}

/** A moment as ISO 8601. */
export function moment(at: Timestamp | null): string {
  return at === null ? NONE : formatTimestamp(at);
}

/** A metric: four decimals, or `-` where it is undefined. */
export function metric(value: number | null): string {
  return value === null ? NONE : value.toFixed(4);
}

/** "1 row", "2 rows", with thousands separated. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}
