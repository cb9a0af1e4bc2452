import { AsofError } from "../errors.ts";

/** Microseconds since the epoch, UTC: an integer within ±2^53. */
export type Timestamp = number;

export const MICROSECOND = 1;
export const MILLISECOND = 1_000;
export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** What users may give for a moment. A number is integer microseconds; a string is ISO 8601, UTC where it names no zone. */
export type TimestampInput = Timestamp | string | Date;

const ISO =
  /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?$/;

/**
 * Reads a moment as microseconds.
 * @throws AsofError ASOF_TIMESTAMP, naming what was given; digits finer than a microsecond must be zero.
 */
export function parseTimestamp(input: TimestampInput): Timestamp {
  if (typeof input === "number") {
    if (!Number.isSafeInteger(input)) throw invalid(input, "a number must be whole microseconds within ±2^53");
    return input + 0;
  }
  if (input instanceof Date) return parseTimestamp(input.getTime() * MILLISECOND);
  if (typeof input !== "string") throw invalid(input, "neither a number, a string nor a Date");
  const plain = parsePlain(input);
  if (plain === plain) return plain;
  const match = ISO.exec(input.trim());
  if (match === null) throw invalid(input, "not ISO 8601");
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone = "Z"] = match;
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d);
  if (date.getUTCMonth() !== mo - 1 || date.getUTCDate() !== d || h > 23 || mi > 59 || s > 59)
    throw invalid(input, "no such date or time");
  if (/[1-9]/.test(fraction.slice(6))) throw invalid(input, "finer than a microsecond");
  const micros = Number(fraction.slice(0, 6).padEnd(6, "0"));
  const at = date.getTime() * MILLISECOND + h * HOUR + mi * MINUTE + s * SECOND + micros - zoneOffset(zone);
  if (!Number.isSafeInteger(at)) throw invalid(input, "outside ±2^53 µs");
  return at;
}

/**
 * The form that machines write, `2001-06-24T10:00:00.000001Z` with one to six digits of a fraction or none, read without
 * a pattern; NaN for any other and for what is no moment.
 */
function parsePlain(text: string): number {
  const last = text.length - 1;
  if (last < 19 || last > 26 || last === 20 || text.charCodeAt(last) !== Z) return Number.NaN;
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH || text.charCodeAt(10) !== T) return Number.NaN;
  if (text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return Number.NaN;
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 7);
  const day = digitsAt(text, 8, 10);
  const hour = digitsAt(text, 11, 13);
  const minute = digitsAt(text, 14, 16);
  const second = digitsAt(text, 17, 19);
  // Not a number fails every comparison.
  if (!(year >= 100 && month >= 1 && month <= 12 && hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0;
  if (!(day >= 1 && day <= DAYS[month - 1] + leap)) return Number.NaN;
  let at = Date.UTC(year, month - 1, day, hour, minute, second) * MILLISECOND;
  if (last > 19) {
    if (text.charCodeAt(19) !== POINT) return Number.NaN;
    at += digitsAt(text, 20, last) * POWERS[26 - last];
  }
  return Number.isSafeInteger(at) ? at : Number.NaN;
}

const [DASH, POINT, COLON, T, Z] = [45, 46, 58, 84, 90];
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const POWERS = [1, 10, 100, 1000, 10_000, 100_000];

/** The digits at [from, until) as a number; NaN where one of them is none. */
function digitsAt(text: string, from: number, until: number): number {
  let value = 0;
  for (let i = from; i < until; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** ISO 8601 in UTC with as many digits as the moment needs: `2001-06-24T10:00:00Z`, `2001-06-24T10:00:00.000001Z`. */
export function formatTimestamp(at: Timestamp): string {
  const seconds = Math.floor(at / SECOND);
  const micros = at - seconds * SECOND;
  // Most moments that are formatted one after the other are of the same second. Without ".000Z".
  if (seconds !== lastSecond) {
    lastIso = new Date(seconds * 1000).toISOString().slice(0, -5);
    lastSecond = seconds;
  }
  if (micros === 0) return `${lastIso}Z`;
  const millis = micros / 1000;
  if (Number.isInteger(millis)) return `${lastIso}.${String(millis + 1000).slice(1)}Z`;
  return `${lastIso}.${String(micros + SECOND).slice(1)}Z`;
}

let lastSecond = Number.NaN;
let lastIso = "";

function zoneOffset(zone: string): number {
  if (zone === "Z" || zone === "z") return 0;
  const sign = zone.startsWith("-") ? -1 : 1;
  const digits = zone.slice(1).replace(":", "");
  return sign * (Number(digits.slice(0, 2)) * HOUR + Number(digits.slice(2, 4) || "0") * MINUTE);
}

function invalid(input: unknown, why: string): AsofError {
  return new AsofError(
    "ASOF_TIMESTAMP",
    `${typeof input === "string" ? JSON.stringify(input) : String(input)} is not a timestamp: ${why}`,
    { value: String(input) },
  );
}
