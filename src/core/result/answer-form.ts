import type { FeatureValue } from "../aggregation/feature-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import type { ViewStatus } from "./answers.ts";

/** What one use of a view contributes to the text of an answer. */
export interface WrittenPart {
  readonly values: string;
  readonly status: string;
  readonly eventTime: string;
}

/**
 * How live answers are written as text, use by use: what has not changed since it was written last need not be written
 * again. Each text depends on the arguments alone.
 */
export interface AnswerForm {
  /** @param values those of the use-th use of the service, in the order of its features */
  part(use: number, values: readonly FeatureValue[], status: ViewStatus, eventTime: Timestamp | null): WrittenPart;
  /** How an answer begins: with a part for each use. */
  head(parts: readonly WrittenPart[]): string;
  /** How all answers of one moment end. */
  tail(t: Timestamp, loads: Readonly<Record<string, number>>): string;
}

/** Answers of one moment as text: each is its head, then the tail that all share. */
export interface WrittenAnswers {
  readonly heads: readonly string[];
  readonly tail: string;
}
