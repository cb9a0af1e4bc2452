import type { StreamRecord } from "../core/codec/record-batch.ts";
import type { Stream } from "../core/definition/stream.ts";
import type { FeatureAnswer, PredictionAnswer } from "../core/result/answers.ts";
import type { ServiceRates, ShadowedRows, ViewTime } from "../core/result/monitoring.ts";
import type { Row } from "../core/schema/data-type.ts";

/** What a process that only reads has answered, as far as it is watched. */
export type Answered =
  /** Counts since it told them last. */
  | { readonly kind: "rates"; readonly rates: readonly ServiceRates[] }
  /** Features that belong to the sample of the audit; they are counted already. */
  | {
      readonly kind: "features";
      readonly service: string;
      readonly requests: readonly Row[];
      readonly answers: readonly FeatureAnswer[];
    }
  /** What became of shadows' predictions since it told that last. */
  | { readonly kind: "shadows"; readonly shadows: readonly ShadowedRows[] }
  /** Answers with views that no service names together, by view, since it told that last. */
  | { readonly kind: "views"; readonly answers: Readonly<Record<string, number>> }
  /** How long views took since it told that last. */
  | { readonly kind: "times"; readonly times: readonly ViewTime[] }
  | { readonly kind: "predictions"; readonly model: string; readonly answers: readonly PredictionAnswer[] };

/** The process that writes to a store, as one sees it that answers beside it. */
export interface WriterLink {
  /**
   * Appends what was served, in the order of calls; resolves once it is on disk. Rejects with what the writer throws;
   * ASOF_CLOSED where it cannot be reached.
   */
  append(stream: Pick<Stream, "name" | "schema">, records: readonly StreamRecord[]): Promise<void>;
  /** Tells what was answered. Waits for nothing; what cannot be told is lost. */
  tell(answered: Answered): void;
}
