import { AsofError } from "../errors.ts";

type Getter = "FullYear" | "Month" | "Date" | "Day" | "Hours" | "Minutes" | "Seconds" | "Milliseconds";

const RealDate = Date;

/** The date of request-time functions: every moment must be given, and local time is UTC. */
class PureDateClass extends RealDate {
  constructor(...args: readonly unknown[]) {
    if (args.length === 0) throw impure("new Date()");
    if (args.length === 1) super(withZone(args[0]) as number);
    else super(RealDate.UTC(...(args as [number, number])));
  }

  static override now(): number {
    throw impure("Date.now()");
  }

  static override parse(text: string): number {
    return RealDate.parse(withZone(text) as string);
  }

  override getTimezoneOffset(): number {
    return 0;
  }

  override toString(): string {
    return Number.isNaN(this.getTime()) ? "Invalid Date" : this.toISOString();
  }
}

for (const part of [
  "FullYear",
  "Month",
  "Date",
  "Day",
  "Hours",
  "Minutes",
  "Seconds",
  "Milliseconds",
] satisfies Getter[]) {
  define(`get${part}`, function (this: Date) {
    return this[`getUTC${part}`]();
  });
  if (part === "Day") continue;
  define(`set${part}`, function (this: Date, ...values: [number]) {
    return this[`setUTC${part}`](...values);
  });
}
for (const format of ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"] as const)
  define(format, function (this: Date, locales?: string, options?: Intl.DateTimeFormatOptions) {
    return RealDate.prototype[format].call(this, locales ?? "en-US", { timeZone: "UTC", ...options });
  });
define("toDateString", function (this: Date) {
  return this.toString().slice(0, -14);
});
define("toTimeString", function (this: Date) {
  return this.toString().slice(-13);
});

function define(name: string, value: (this: Date, ...args: never[]) => unknown): void {
  Object.defineProperty(PureDateClass.prototype, name, { value, configurable: true, writable: true });
}

const ZONE =
  /(?:[zZ]|\d[T ]?\d\d:\d\d\S*\s*[+-]\d\d(?::?\d\d)?|(?:GMT|UTC?|[ECMP][SD]T)(?:[+-]\d{1,4})?)\s*(?:\(.*\))?\s*$/;

/**
 * Text without a zone is UTC. ISO 8601 takes a `Z` after the time, and is UTC by itself without one; other forms, which
 * engines read as local time, take the name.
 */
function withZone(value: unknown): unknown {
  if (typeof value !== "string" || ZONE.test(value)) return value;
  if (/^\s*[+-]?\d{4,6}(?:-\d\d){0,2}\s*$/.test(value)) return value;
  return /^\s*[+-]?\d{4,6}-\d\d-\d\dT/.test(value) ? `${value}Z` : `${value} UTC`;
}

/** The error of a request-time function that reads what it must not. */
export function impure(what: string): AsofError {
  return new AsofError(
    "ASOF_ON_DEMAND",
    `${what} is not for request-time functions: training could not repeat it; use the moment in its second argument`,
    { what },
  );
}

/** `Date` called without `new` gives the present, which is impure too. */
export const PureDate: DateConstructor = new Proxy(PureDateClass as unknown as DateConstructor, {
  apply: () => {
    throw impure("Date()");
  },
});
