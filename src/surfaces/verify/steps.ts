import type { Knowledge } from "../../core/result/knowledge.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";

/** Requests to a service, and how they are asked. */
export type Ask =
  /** Of the online store; then the same of history, as of the moment that was answered. */
  | { readonly how: "live"; readonly service: string; readonly requests: readonly Row[]; readonly settle: boolean }
  | {
      readonly how: "as of";
      readonly service: string;
      readonly requests: readonly Row[];
      readonly at: Timestamp;
      readonly knowledge?: Knowledge;
    }
  /** A training set: each request with its own moment. */
  | {
      readonly how: "dataset";
      readonly service: string;
      readonly requests: readonly Row[];
      readonly moments: readonly Timestamp[];
      readonly knowledge?: Knowledge;
    };

/** One thing that happens to a store. A run is a list of them, decided before it begins. */
export type Step =
  | { readonly do: "advance"; readonly to: Timestamp }
  /** The same key may come again, with the same rows in another order. */
  | { readonly do: "ingest"; readonly source: string; readonly rows: readonly Row[]; readonly key?: string }
  | { readonly do: "retract"; readonly source: string; readonly ids: readonly Row[] }
  | { readonly do: "correct"; readonly source: string; readonly rows: readonly Row[] }
  | {
      readonly do: "load";
      readonly source: string;
      readonly files: readonly (readonly Row[])[];
      readonly format: "parquet" | "ndjson";
    }
  | { readonly do: "compute"; readonly view: string }
  | { readonly do: "materialize" }
  | { readonly do: "restart" }
  /** The process of the store is killed as it stands, and another one takes over. */
  | { readonly do: "kill" }
  /** A moment yet to come is asked about: that must be refused. */
  | { readonly do: "ask ahead"; readonly service: string; readonly request: Row }
  | { readonly do: "ask"; readonly ask: Ask };

/** What happens to one store from its beginning, as plain data. */
export interface Course {
  readonly start: Timestamp;
  /** Records in the log from which on it is archived. */
  readonly archiveFrom: number;
  /** Files of one stream, kind and day from which on they are merged; 8 where it is not said. */
  readonly compactFrom?: number;
  /** Whether the online store is lost at every restart, and made again from history. */
  readonly loses?: boolean;
  /** Whether the store is in a process of its own, which can be killed. */
  readonly apart?: boolean;
  /** Whether such a store folds in a thread of its own from the first record on. */
  readonly threaded?: boolean;
  readonly steps: readonly Step[];
}

/** What was found to differ. */
export interface Difference {
  readonly how: Ask["how"] | "compute" | "record" | "error";
  readonly service: string;
  readonly request: Row;
  readonly t: Timestamp;
  /** A feature, or `status of …`, `event time of …`. */
  readonly name: string;
  readonly expected: unknown;
  readonly found: unknown;
}

/** A saved course that fails. */
export interface Case {
  readonly version: 1;
  readonly seed: number;
  readonly run: number;
  readonly difference: Difference;
  readonly course: Course;
}

/** Text of a case in which no value changes: an int64 is `{ "int64": "…" }`, what is not finite `{ "float64": "…" }`. */
export function writeCase(one: object): string {
  const text = JSON.stringify(
    one,
    (_, value: unknown) => {
      if (typeof value === "bigint") return { int64: String(value) };
      return typeof value === "number" && !Number.isFinite(value) ? { float64: String(value) } : value;
    },
    1,
  );
  return `${text}\n`;
}

export function readCase(text: string): Case {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if ("int64" in value && typeof value.int64 === "string") return BigInt(value.int64);
    return "float64" in value && typeof value.float64 === "string" ? Number(value.float64) : value;
  }) as Case;
}

export const recordsOf = ({ steps }: Course): number =>
  steps.reduce((sum, step) => {
    if (step.do === "ingest") return sum + step.rows.length;
    return step.do === "load" ? sum + step.files.reduce((rows, file) => rows + file.length, 0) : sum;
  }, 0);
