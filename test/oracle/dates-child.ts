import { onDemand } from "../../src/core/on-demand/on-demand.ts";
import { t } from "../../src/core/schema/data-type.ts";

// Prints what dates do inside of a request-time function; the time zone of the process is another.
const definition = {
  kind: "onDemandView",
  name: "dates",
  input: { at: t.timestamp() },
  features: { json: t.string() },
  code: "",
} as const;

const compute = ({ at }: { at: number }): { json: string } => {
  const date = new Date(at / 1000);
  const set = new Date(date);
  set.setFullYear(2002, 6, 25);
  set.setHours(4, 8, 10, 6);
  const json = {
    parts: [
      date.getFullYear(),
      date.getMonth(),
      date.getDate(),
      date.getDay(),
      date.getHours(),
      date.getMinutes(),
      date.getSeconds(),
      date.getMilliseconds(),
      date.getTimezoneOffset(),
    ],
    set: set.toISOString(),
    fields: new Date(2001, 5, 24, 3, 7, 9, 5).toISOString(),
    year: new Date(99, 0).toISOString(),
    date: new Date("2001-06-24").toISOString(),
    naive: new Date("2001-06-24T03:07:09").toISOString(),
    blank: new Date("2001-06-24 03:07").toISOString(),
    words: new Date("June 24, 2001").toISOString(),
    slashes: new Date("6/24/2001 03:07").toISOString(),
    zoned: new Date("2001-06-24T03:07+02:00").toISOString(),
    named: new Date("Sun Jun 24 2001 03:07:00 GMT-0400 (Eastern Daylight Time)").toISOString(),
    parsed: Date.parse("2001-06-24 03:07"),
    copied: new Date(date).toISOString(),
    text: String(date),
    joined: date + "!",
    dateText: date.toDateString(),
    timeText: date.toTimeString(),
    json: JSON.stringify(date),
    locale: date.toLocaleString(),
    localeDate: date.toLocaleDateString(),
    localeTime: date.toLocaleTimeString(),
    formatted: new Intl.DateTimeFormat("en-US", { hour: "numeric", day: "numeric", month: "numeric", year: "numeric" })
      .format(date)
      .replace(/\s/g, " "),
    parts24: new Intl.DateTimeFormat("en-GB", { hour: "2-digit" }).formatToParts(date)[0].value,
    chosen: new Intl.DateTimeFormat("en-GB", { hour: "2-digit", timeZone: "America/New_York" }).format(date),
    isDate: [date instanceof Date, set instanceof Date],
    invalid: String(new Date("nonsense")),
    utc: Date.UTC(2001, 5, 24),
  };
  return { json: JSON.stringify(json).replaceAll("\u202F", " ") };
};

const [{ json }] = onDemand(definition, compute)([{ at: 993_352_029_005_000 }], [0]);
process.stdout.write(
  JSON.stringify({
    outside: new Date(993_352_029_005).getTimezoneOffset(),
    inside: JSON.parse(json as string) as unknown,
  }),
);
