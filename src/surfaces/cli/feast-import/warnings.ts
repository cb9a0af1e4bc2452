/** What a Feast repository has that definitions do not take over as it is. */
export const importWarnings = {
  FEAST_ON_DEMAND: "an on-demand view is Python: write it as an onDemandView",
  FEAST_TRANSFORMATION: "a view with a transformation or of other views is not taken over: write its SQL or aggregates",
  FEAST_STREAM_VIEW: "a stream feature view is not taken over: write it as an aggregateView",
  FEAST_LABEL_VIEW: "a label view is not taken over",
  FEAST_ENTITYLESS: "a view without entities is not taken over: every view has keys here",
  FEAST_TYPE: "a feature or key of a type or a name that there cannot be is left out",
  FEAST_SOURCE: "the source's data is no file on this machine: export it to Parquet, then ingest that",
  FEAST_STREAM: "the source's stream is not read: send its records to POST /push",
  FEAST_NULLS: "a null that is pushed leaves the value before it, as last values are of records that have one",
  FEAST_TTL: "a time to live of pushed features ends with a window's hop",
  FEAST_RENAMED: "a name is spelt otherwise here, and clients must ask for it so",
  FEAST_SERVICE: "a service lacks what was left out",
} as const;

export type ImportWarningCode = keyof typeof importWarnings;

export interface ImportWarning {
  readonly code: ImportWarningCode;
  /** The definition it is about, by Feast's name. */
  readonly about: string;
  readonly message: string;
}

export class Warnings {
  readonly all: ImportWarning[] = [];

  add(code: ImportWarningCode, about: string, what = ""): void {
    this.all.push({ code, about, message: `${about}: ${what === "" ? "" : `${what}: `}${importWarnings[code]}` });
  }
}
