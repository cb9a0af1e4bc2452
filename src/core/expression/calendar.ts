import { DAY, HOUR, MINUTE, type Timestamp } from "../time/timestamp.ts";

/** The parts of a moment in UTC, in the proleptic Gregorian calendar; also before 1970. */
export interface CalendarDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly dayOfMonth: number;
}

export function year(at: Timestamp): number {
  return dateOf(at).year;
}

/** 1 to 12. */
export function month(at: Timestamp): number {
  return dateOf(at).month;
}

/** 1 to 31. */
export function dayOfMonth(at: Timestamp): number {
  return dateOf(at).dayOfMonth;
}

/** ISO 8601: 1 is Monday, 7 is Sunday. */
export function weekday(at: Timestamp): number {
  // Day 0, 1970-01-01, was a Thursday.
  return floorModulo(dayNumber(at) + 3, 7) + 1;
}

/** 0 to 23. */
export function hour(at: Timestamp): number {
  return Math.floor(floorModulo(at, DAY) / HOUR);
}

/** 0 to 59. */
export function minute(at: Timestamp): number {
  return Math.floor(floorModulo(at, HOUR) / MINUTE);
}

function dateOf(at: Timestamp): CalendarDate {
  // Counting from 0000-03-01 puts the leap day at the end of the year, and every 400 years ("era") are alike.
  const day = dayNumber(at) + 719_468;
  const era = Math.floor(day / 146_097);
  const dayOfEra = day - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const inNextYear = monthFromMarch >= 10;
  return {
    year: era * 400 + yearOfEra + (inNextYear ? 1 : 0),
    month: monthFromMarch + (inNextYear ? -9 : 3),
    dayOfMonth: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}

function dayNumber(at: Timestamp): number {
  return (at - floorModulo(at, DAY)) / DAY;
}

function floorModulo(x: number, step: number): number {
  const rest = x % step;
  return rest < 0 ? rest + step : rest + 0;
}
