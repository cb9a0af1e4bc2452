/** Names under which reports have moments. */
type MomentName =
  | "now"
  | "watermark"
  | "newestEvent"
  | "newestAvailable"
  | "minEvent"
  | "maxEvent"
  | "createdAt"
  | "startedAt"
  | "endedAt"
  | "from"
  | "until"
  | "since"
  | "servedSince"
  | "horizon"
  | "oldestDay"
  | "lastRun"
  | "oldest"
  | "at"
  | "t"
  | "stamp";

/** A report of the store as its JSON has it: its moments are ISO 8601, UTC, to the microsecond. */
export type Told<T> = T extends readonly (infer E)[]
  ? readonly Told<E>[]
  : T extends object
    ? { readonly [P in keyof T]: P extends MomentName ? MomentOf<T[P]> : Told<T[P]> }
    : T;

type MomentOf<T> = T extends number ? string : T;
