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
