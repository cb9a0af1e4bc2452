import type { FeatureValue } from "../aggregation/feature-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import type { ViewStatus } from "./answers.ts";

/** What one use of a view contributes to the text of an answer. */
export interface WrittenPart {
  readonly values: string;
  readonly status: string;
  readonly eventTime: string;
}

/** Text, and the bytes that it takes as UTF-8: as many as it has characters where all of them are of ASCII. */
export interface WrittenText {
  readonly text: string;
  readonly bytes: number;
}

/**
 * How live answers are written as text, use by use: what has not changed since it was written last need not be written
 * again. Each text depends on the arguments alone.
 */
export interface AnswerForm {
  /** @param values those of the use-th use of the service, in the order of its features */
  part(use: number, values: readonly FeatureValue[], status: ViewStatus, eventTime: Timestamp | null): WrittenPart;
  /** How an answer begins: with a part for each use. */
  head(parts: readonly WrittenPart[]): WrittenText;
  /** How all answers of one moment end. */
  tail(t: Timestamp, loads: Readonly<Record<string, number>>): WrittenText;
}

/** Answers of one moment as text: each is its head, then the tail that all share. */
export interface WrittenAnswers {
  readonly heads: readonly WrittenText[];
  readonly tail: WrittenText;
}
