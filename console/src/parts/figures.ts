// How numbers, sizes, spans and moments are written: always with their unit.

/** Between a number and its unit: no line ends there. */
const SPACE = "\u00a0";

/** Stands where there is no value. */
export const NONE = "–";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function count(n: number | null): string {
  return n === null ? NONE : whole.format(n);
}

export function countOf(n: number, one: string, many = `${one}s`): string {
  return `${whole.format(n)} ${n === 1 ? one : many}`;
}

/** Very large counts in little room: `299 M`. */
export function shortCount(n: number | null): string {
  if (n === null) return NONE;
  if (n >= 1e9) return `${digits(n / 1e9)}${SPACE}G`;
  if (n >= 1e8) return `${digits(n / 1e6)}${SPACE}M`;
  return whole.format(n);
}

export function bytes(n: number | null): string {
  if (n === null) return NONE;
  for (const [unit, size] of [
    ["GB", 1e9],
    ["MB", 1e6],
    ["kB", 1e3],
  ] as const)
    if (n >= size) return `${digits(n / size)}${SPACE}${unit}`;
  return `${whole.format(n)}${SPACE}B`;
}

export function perSecond(n: number | null): string {
  return n === null ? NONE : `${n !== 0 && n < 100 ? digits(n) : whole.format(n)}${SPACE}/${SPACE}s`;
}

export function milliseconds(n: number | null): string {
  if (n === null) return NONE;
  return n >= 1000 ? `${digits(n / 1000)}${SPACE}s` : `${digits(n)}${SPACE}ms`;
}

/** Seconds of real time. */
export function seconds(n: number | null): string {
  if (n === null) return NONE;
  if (n < 1) return milliseconds(n * 1000);
  if (n < 120) return `${digits(n)}${SPACE}s`;
  return span(n * 1e6);
}

const UNITS = [
  ["d", 86_400_000_000],
  ["h", 3_600_000_000],
  ["min", 60_000_000],
  ["s", 1_000_000],
] as const;

/** A span of microseconds, in its two largest units. */
export function span(micros: number | null): string {
  if (micros === null) return NONE;
  if (micros < 1000) return `${whole.format(micros)}${SPACE}µs`;
  if (micros < 1_000_000) return `${digits(micros / 1000)}${SPACE}ms`;
  if (micros < 60_000_000) return `${digits(micros / 1e6)}${SPACE}s`;
  const first = UNITS.findIndex(([, size]) => micros >= size);
  const [unit, size] = UNITS[first];
  const [lesser, smaller] = UNITS[Math.min(first + 1, UNITS.length - 1)];
  const rest = Math.floor((micros % size) / smaller);
  return `${whole.format(Math.floor(micros / size))}${SPACE}${unit}${rest === 0 ? "" : `${SPACE}${rest}${SPACE}${lesser}`}`;
}

/** A length of a window as definitions write it: `7d`, `1h`, `5m`. */
export function length(micros: number): string {
  for (const [unit, size] of [
    ["d", 86_400_000_000],
    ["h", 3_600_000_000],
    ["m", 60_000_000],
    ["s", 1_000_000],
  ] as const)
    if (micros % size === 0) return `${micros / size}${unit}`;
  return `${micros}${SPACE}µs`;
}

export function share(part: number, all: number): string {
  if (all === 0) return NONE;
  const percent = (100 * part) / all;
  return `${percent === 0 || percent === 100 ? percent : percent < 0.1 ? `<${SPACE}0.1` : percent.toFixed(1)}${SPACE}%`;
}

/** Three digits that count. */
export function digits(n: number): string {
  if (n === 0) return "0";
  const size = Math.abs(n);
  // By what it is rounded to: 99.96 is 100.
  return n.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3);
}

/** A moment as a clock shows it, to the second, or to the microsecond: `2001-06-30 23:49:07`, `2001-06-30 19:49:07.5`. */
export function clockTime(moment: string, zone: "UTC" | "local", exact = false): string {
  const [, date, time, fraction] = /^(\S+)T(\d+:\d+:\d+)\.?(\d*?)0*Z$/.exec(moment)!;
  const seconds = zone === "UTC" ? `${date} ${time}` : here.format(new Date(moment));
  return exact && fraction !== "" ? `${seconds}.${fraction}` : seconds;
}

/** How a zone is called at a moment, such as `UTC` or `GMT+2`. */
export function zoneName(moment: string, zone: "UTC" | "local"): string {
  if (zone === "UTC") return "UTC";
  const parts = named.formatToParts(new Date(moment));
  return parts.find(({ type }) => type === "timeZoneName")!.value;
}

/** Of the languages at hand the one that writes dates as we do. */
const here = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });
const named = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" });
