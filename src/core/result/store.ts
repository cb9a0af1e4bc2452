import type { Definition } from "../definition/data.ts";
import type { FeatureService } from "../definition/feature-service.ts";
import type { Model } from "../definition/model.ts";
import type { FeatureAnswer, PredictionAnswer } from "./answers.ts";
import type { AuditedPrediction, AuditOutcome } from "./audit.ts";
import type {
  ComputeOutcome,
  DatasetOutcome,
  IngestOutcome,
  LoadOutcome,
  MaterializeOutcome,
  ModelSummary,
  ReplayOutcome,
  TrainOutcome,
} from "./outcomes.ts";
import type { ForgetOptions, ForgetOutcome } from "./forget.ts";
import type { Plan } from "./plan.ts";
import type { WorkOptions } from "./progress.ts";
import type { CatalogEntry, RunReport, StatusReport } from "./status.ts";
import type { TimestampInput } from "../time/timestamp.ts";

export interface LoadOptions extends WorkOptions {
  readonly format?: "parquet" | "csv" | "ndjson";
  /** Only rows that were available in [from, until). */
  readonly from?: TimestampInput;
  readonly until?: TimestampInput;
  /** Sets bad rows aside in a rejects file instead of refusing the load. */
  readonly rejects?: boolean;
}

export interface DatasetOptions extends WorkOptions {
  /** A Parquet, CSV or NDJSON file, or a query over sources by their names (`event_time`, `available_time` beside their fields). */
  readonly spine: string | { readonly sql: string };
  readonly out: string;
  /** The spine's column that holds each row's moment. Default "t". */
  readonly time?: string;
  /** The spine's column for an input of the service, where it goes by another name. */
  readonly inputs?: Readonly<Record<string, string>>;
}

export interface ReplayOptions extends WorkOptions {
  readonly from: TimestampInput;
  readonly until: TimestampInput;
  readonly files: readonly string[];
  readonly format?: "parquet" | "csv" | "ndjson";
  /** Called when the clock has reached a moment that was asked for, with everything before it ingested and folded. */
  readonly at?: { readonly moments: Iterable<number>; readonly visit: (t: number) => Promise<void> };
}

export interface AuditOptions {
  readonly signal?: AbortSignal;
  /** Called for each prediction with what was served and what history gives. */
  readonly onPrediction?: (prediction: AuditedPrediction) => void;
}

/** A row of a request by its inputs, where the service is known by name only. */
export type UntypedRequest = Readonly<Record<string, unknown>>;

/**
 * An open feature store: the five steps of the flow, from raw records to delivered predictions.
 * Every method rejects with an `AsofError` for what its caller can mend.
 */
export interface Store {
  // definitions
  plan(): Promise<Plan>;
  /** Makes the present definitions the store's. `expected` is the revision of a plan seen before. */
  apply(expected?: number): Promise<Plan>;
  catalog(): Promise<CatalogEntry[]>;
  definition(kind: Definition["kind"], name: string): Definition;

  // 1 ingest
  load(source: string, files: readonly string[], options?: LoadOptions): Promise<LoadOutcome>;
  /** Accepts records; resolves once they are on disk. All or none of them. */
  ingest(source: string, records: readonly UntypedRequest[]): Promise<IngestOutcome>;
  /** Takes the clock's present time for right, after ASOF_CLOCK_JUMP. */
  confirmClock(): void;
  /** Resolves once everything accepted before the call is readable online. */
  settled(): Promise<void>;
  replay(source: string, options: ReplayOptions): Promise<ReplayOutcome>;

  // 2 compute
  compute(views?: readonly string[], options?: WorkOptions): Promise<ComputeOutcome[]>;

  // 3 train
  dataset(service: string, options: DatasetOptions): Promise<DatasetOutcome>;
  train(model: string, options?: WorkOptions & { readonly promote?: boolean }): Promise<TrainOutcome>;
  models(model?: string): Promise<ModelSummary[]>;
  promote(model: string, version: number): Promise<void>;

  // 4 materialize
  materialize(views?: readonly string[], options?: WorkOptions): Promise<MaterializeOutcome[]>;

  // 5 serve
  features<I extends object, V extends object>(
    service: FeatureService<I, V>,
    request: I,
    options?: { readonly at?: TimestampInput },
  ): Promise<FeatureAnswer<V>>;
  features<I extends object, V extends object>(
    service: FeatureService<I, V>,
    requests: readonly I[],
    options?: { readonly at?: TimestampInput },
  ): Promise<FeatureAnswer<V>[]>;
  features(
    service: string,
    requests: readonly UntypedRequest[],
    options?: { readonly at?: TimestampInput },
  ): Promise<FeatureAnswer[]>;
  predict<I extends object, V extends object>(model: Model<I, V>, request: I): Promise<PredictionAnswer<V>>;
  predict<I extends object, V extends object>(
    model: Model<I, V>,
    requests: readonly I[],
  ): Promise<PredictionAnswer<V>[]>;
  predict(model: string, requests: readonly UntypedRequest[]): Promise<PredictionAnswer[]>;

  /**
   * Compares everything that a model served with what history gives for the same requests and moments, bit for bit:
   * features, statuses, event times and predictions.
   */
  audit(model: string, options?: AuditOptions): Promise<AuditOutcome>;

  /**
   * Erases every record that carries the key of an entity, rebuilds what had counted them, and proves that nothing is
   * left. A crash in the middle is finished at the next start.
   */
  forget(entity: string, keys: Readonly<Record<string, unknown>>, options?: ForgetOptions): Promise<ForgetOutcome>;

  // what there is
  status(): Promise<StatusReport>;
  runs(filter?: { readonly kind?: string; readonly limit?: number }): Promise<RunReport[]>;

  close(): Promise<void>;
}
