import { impure } from "./pure-date.ts";

const RealFormat = Intl.DateTimeFormat;

/** The formatter of request-time functions: every moment must be given, and the time zone is UTC where none is. */
class PureFormat extends RealFormat {
  constructor(locales?: Intl.LocalesArgument, options: Intl.DateTimeFormatOptions = {}) {
    super(locales ?? "en-US", { ...options, timeZone: options.timeZone ?? "UTC" });
    // In the original, too, what `format` gives is bound to its formatter.
    const format = this.format.bind(this);
    Object.defineProperty(this, "format", {
      value: (date?: Date | number) => format(given(date, "Intl.DateTimeFormat.format()")),
    });
  }

  override formatToParts(date?: Date | number): Intl.DateTimeFormatPart[] {
    return super.formatToParts(given(date, "Intl.DateTimeFormat.formatToParts()"));
  }
}

function given<T>(date: T | undefined, what: string): T {
  if (date === undefined) throw impure(`${what} of no date`);
  return date;
}

/** It may be called without `new`, like the original. */
export const PureDateTimeFormat = new Proxy(PureFormat, {
  apply: (format, _, args: ConstructorParameters<typeof PureFormat>) => new format(...args),
}) as unknown as typeof Intl.DateTimeFormat;
