import type { FeatureValue } from "../aggregation/feature-type.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Timestamp } from "../time/timestamp.ts";

/**
 * What a view had to say: PRESENT; NOT_FOUND, a batch view without a row for the key; EXPIRED, one whose row is
 * older than its time to live; OVERFLOW, an aggregate view of which a used feature met more different values than its
 * limit and is null. An aggregate view is PRESENT otherwise: an unknown key is an empty window.
 */
export type ViewStatus = "PRESENT" | "NOT_FOUND" | "EXPIRED" | "OVERFLOW";

/** Which moment and which data an answer is about: enough to compute it again offline. */
export interface AnswerMoment {
  /** The moment the answer is for. */
  readonly t: Timestamp;
  /** By which knowledge it was answered: live answers, and others unless asked otherwise, by what is "served" at t. */
  readonly knowledge: Knowledge;
  /** With knowledge "now": the moment whose knowledge that was, the watermark when the question was asked. */
  readonly knownAt?: Timestamp;
  /** For each view of the service, by alias: the position up to which bulk loads and computations are in the answer. */
  readonly loads: Readonly<Record<string, number>>;
}

/** The features of one request row. */
export interface FeatureAnswer<V extends object = Readonly<Record<string, FeatureValue>>> extends AnswerMoment {
  readonly values: V;
  /** By the alias of the view. */
  readonly statuses: Readonly<Record<string, ViewStatus>>;
  /** By the alias of the view: the time of the newest event, or of the row served; null where there is none. */
  readonly eventTimes: Readonly<Record<string, Timestamp | null>>;
}

/** What a model said to one request row, and what it was told. */
export interface PredictionAnswer<V extends object = Readonly<Record<string, FeatureValue>>> {
  readonly model: string;
  readonly version: number;
  /** The probability of the label being true, or the number predicted. */
  readonly prediction: number;
  readonly features: FeatureAnswer<V>;
  /** Identifies the prediction in the served log. */
  readonly id: string;
}
