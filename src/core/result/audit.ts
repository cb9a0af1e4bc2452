import type { Row, Value } from "../schema/data-type.ts";
import type { AnswerMoment, ViewStatus } from "./answers.ts";
import type { Timestamp } from "../time/timestamp.ts";

/** A served value that history does not give. */
export interface AuditDifference {
  /** The prediction it was served with. */
  readonly id: string;
  /** A feature, or `status alias`, `event time alias`, `prediction`. */
  readonly what: string;
  readonly served: string;
  readonly recomputed: string;
}

/** What comparing everything that was served with history came to. */
export interface AuditOutcome {
  readonly model: string;
  readonly predictions: number;
  /** Predictions that cannot be audited: records they may rest on were erased, as `forget` does, after they were given. */
  readonly unverifiable: number;
  /** Values, statuses, event times and predictions compared, bit for bit; where both are null nothing is compared. */
  readonly compared: number;
  readonly different: number;
  /** The first few. */
  readonly examples: readonly AuditDifference[];
  readonly seconds: number;
}

/** One prediction as it was served and as it is recomputed. */
export interface AuditedPrediction {
  readonly id: string;
  readonly served: number;
  readonly recomputed: number;
}

/** An answer as it was served, with all that is needed to compute it again. */
export interface ServedAnswer extends AnswerMoment {
  /** Of the prediction; null where features were asked for alone. */
  readonly id: string | null;
  readonly request: Row;
  /** The features in the columns that they travel in. */
  readonly features: Row;
  readonly statuses: Readonly<Record<string, ViewStatus>>;
  readonly eventTimes: Readonly<Record<string, Timestamp | null>>;
  readonly prediction: { readonly version: number; readonly value: number } | null;
}

/** Hears what was served beside what history gives: a feature, `status alias`, `event time alias`, `prediction`. */
export type OnCompared = (answer: ServedAnswer, what: string, served: Value, recomputed: Value) => void;
