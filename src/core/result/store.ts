import type { StageTimer } from "./stage-timer.ts";
import type { Definition, ViewUseDefinition } from "../definition/data.ts";
import type { EventSource } from "../definition/event-source.ts";
import type { FeatureService } from "../definition/feature-service.ts";
import type { Model } from "../definition/model.ts";
import type { RecordIdOf, RecordOf } from "../definition/record-of.ts";
import type { Credentials, Keys, Trail } from "./access.ts";
import type { AnswerForm, WrittenAnswers } from "./answer-form.ts";
import type { FeatureAnswer, PredictionAnswer } from "./answers.ts";
import type { AuditedPrediction, AuditOutcome } from "./audit.ts";
import type { Explanation } from "./explanation.ts";
import type {
  ComputeOutcome,
  CorrectOutcome,
  DatasetOutcome,
  IngestOutcome,
  LoadOutcome,
  MaterializeOutcome,
  ModelSummary,
  ReplayOutcome,
  RetractOutcome,
  TrainOutcome,
} from "./outcomes.ts";
import type { HistoryFilter, HistoryRow } from "./history.ts";
import type { Knowledge } from "./knowledge.ts";
import type { AuditReport, FeatureDistribution, MonitoringReport } from "./monitoring.ts";
import type { ForgetOptions, ForgetOutcome } from "./forget.ts";
import type { Plan } from "./plan.ts";
import type { WorkOptions } from "./progress.ts";
import type { ModelEvaluation } from "./evaluation.ts";
import type { ModelComparison } from "./comparison.ts";
import type { PromoteOptions, TrialRole } from "./serving-role.ts";
import type { CatalogEntry, RunReport, StatusReport } from "./status.ts";
import type { TimestampInput } from "../time/timestamp.ts";

export interface LoadOptions extends WorkOptions {
  readonly format?: "parquet" | "csv" | "ndjson";
  /** Only rows that were available in [from, until). */
  readonly from?: TimestampInput;
  readonly until?: TimestampInput;
  /** Sets bad rows aside in a rejects file instead of refusing the load. */
  readonly rejects?: boolean;
  /** As in `IngestOptions`: the rows that were there before count as known, whatever way they came. */
  readonly idempotencyKey?: string;
  /**
   * True leaves out files that loads of the same range have taken already, and false takes them once more; both note
   * what is taken. Default: every file is taken, and nothing noted. A source with an `id` needs none of it.
   * @throws ASOF_LOADED_BEFORE where a file was loaded and has changed since
   */
  readonly onlyNew?: boolean;
}

export interface TableOptions extends WorkOptions {
  /** Where the database is: `postgres://user:password@host:5432/database`. Default: PGHOST, PGDATABASE and their like. */
  readonly url?: string;
  /** As SQL names it: `orders`, `shop.orders`. */
  readonly table: string;
  /** A column, NOT NULL, that only grows from row to row: integers or timestamps. */
  readonly position: string;
  /** How far behind the newest reading stays: a number of integers, or a duration such as "5m" before now. */
  readonly margin?: string;
  /** Sets bad rows aside in a rejects file instead of refusing the load. */
  readonly rejects?: boolean;
}

export interface FilesOptions extends WorkOptions {
  readonly format?: "parquet" | "csv" | "ndjson";
}

export interface IngestOptions {
  /**
   * Names the request: sent again within the source's `dedupe` time, it changes nothing and is answered as before. The
   * same records must come with it, in whatever order.
   */
  readonly idempotencyKey?: string;
}

export interface DatasetOptions extends WorkOptions {
  /** A Parquet, CSV or NDJSON file, or a query over sources by their names (`event_time`, `available_time` beside their fields). */
  readonly spine: string | { readonly sql: string };
  /**
   * A query over sources sees their records from this event on only. Default: all, which is refused once days of such
   * a source were dropped by its retention.
   */
  readonly since?: TimestampInput;
  readonly out: string;
  /** The spine's column that holds each row's moment. Default "t". */
  readonly time?: string;
  /** The spine's column for an input of the service, where it goes by another name. */
  readonly inputs?: Readonly<Record<string, string>>;
  /**
   * "served", the default: each row as serving would have been answered at its moment. "now": the truth in hindsight,
   * which leaks the future and must not train a model that serves live.
   */
  readonly knowledge?: Knowledge;
}

/** Which moment is asked about, and by which knowledge. */
export interface ReadOptions {
  /** A moment of the past. Default: now. */
  readonly at?: TimestampInput;
  /**
   * "served", the default: what serving knew at that moment. "now": the truth in hindsight, by all that has become known
   * since; without `at`, of this moment.
   */
  readonly knowledge?: Knowledge;
  /** Interrupts what is read of history. */
  readonly signal?: AbortSignal;
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

export interface CompareOptions {
  /** Only predictions of moments in [since, until). */
  readonly since?: TimestampInput;
  readonly until?: TimestampInput;
  /** How far the example of a prediction may lie from it, in time. Default "1h". */
  readonly within?: string;
  /** The inputs that the example of a prediction shares with it. Default: all of the service. */
  readonly by?: readonly string[];
  readonly signal?: AbortSignal;
}

/** A row of a request by its inputs, where the service is known by name only. */
export type UntypedRequest = Readonly<Record<string, unknown>>;

/** What is defined, or its name. */
export type Named = string | { readonly definition: { readonly name: string } };

export const nameOf = (named: Named): string => (typeof named === "string" ? named : named.definition.name);

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
  /**
   * Loads the rows of a table of PostgreSQL that came since the last time, as one load. How far it was read enters the
   * log with them. @throws ASOF_DATABASE, ASOF_TABLE
   */
  loadTable(source: string, options: TableOptions): Promise<LoadOutcome>;
  /**
   * Accepts records; resolves once they are on disk. All or none of them. What is known already, by the source's `id`
   * or with all of the request by its idempotency key, is not taken again. Other content under a known id or key is
   * refused: ASOF_ID_CONFLICT.
   */
  ingest<S extends EventSource>(
    source: S,
    records: readonly RecordOf<S>[],
    options?: IngestOptions,
  ): Promise<IngestOutcome>;
  ingest(source: string, records: readonly UntypedRequest[], options?: IngestOptions): Promise<IngestOutcome>;
  /**
   * Withdraws records of a source with an `id`: each is given by the fields of its id. It is visible at a moment only
   * where its retraction was not known before that. A retraction of a record not known yet waits for it; a second one
   * changes nothing. All or none of them; resolves once that is on disk. @throws ASOF_NO_ID
   */
  retract<S extends EventSource>(source: S, ids: readonly RecordIdOf<S>[]): Promise<RetractOutcome>;
  retract(source: string, ids: readonly UntypedRequest[]): Promise<RetractOutcome>;
  /** As `retract`, for ids in files, in portions: what was done before an error stays done. */
  retractFiles(source: string, files: readonly string[], options?: FilesOptions): Promise<RetractOutcome>;
  /**
   * Replaces records of a source with an `id` by others of the same ids: a correction is a retraction and a record.
   * Where nothing is known of an id, the record is taken and the retraction waits for the original. All or none of
   * them; resolves once that is on disk. @throws ASOF_NO_ID; ASOF_ID_CONFLICT for one id corrected in two ways
   */
  correct<S extends EventSource>(source: S, records: readonly RecordOf<S>[]): Promise<CorrectOutcome>;
  correct(source: string, records: readonly UntypedRequest[]): Promise<CorrectOutcome>;
  /** As `correct`, for records in files, in portions: what was done before an error stays done. */
  correctFiles(source: string, files: readonly string[], options?: FilesOptions): Promise<CorrectOutcome>;
  /** Takes the clock's present time for right, after ASOF_CLOCK_JUMP. */
  confirmClock(): void;
  /** Resolves once everything accepted before the call is readable online. */
  settled(): Promise<void>;
  replay(source: string, options: ReplayOptions): Promise<ReplayOutcome>;

  // 2 compute
  compute(views?: readonly string[], options?: WorkOptions): Promise<ComputeOutcome[]>;

  /** Records of a source, or versions of the rows of a batch view, as history holds them. */
  history(name: string, filter: HistoryFilter): Promise<HistoryRow[]>;

  // 3 train
  dataset(service: string, options: DatasetOptions): Promise<DatasetOutcome>;
  train(model: string, options?: WorkOptions & { readonly promote?: boolean }): Promise<TrainOutcome>;
  models(model?: string): Promise<ModelSummary[]>;
  /**
   * What training found of a version on its held-out time, beside its metrics; of the one that serves where none is
   * named. @throws ASOF_UNKNOWN_MODEL_VERSION, ASOF_NO_MODEL
   */
  evaluation(model: string, version?: number): Promise<ModelEvaluation>;
  /**
   * Makes a version the one that answers, or tries it out beside that: as the shadow or the canary of the model, in place
   * of one that is. @throws ASOF_UNKNOWN_MODEL_VERSION, ASOF_MODEL_FIT, ASOF_MODEL_ROLE, ASOF_NO_MODEL
   */
  promote(model: string, version: number, options?: PromoteOptions): Promise<void>;
  /** Ends a trial, if there is one. */
  demote(model: string, role: TrialRole): Promise<void>;
  /**
   * How well each version's predictions, by the role that it had, fit what has become known since: the label of the
   * model's example with the same inputs nearest in time, where it was not known yet when the prediction was made.
   */
  compareModel(model: string, options?: CompareOptions): Promise<ModelComparison>;

  // 4 materialize
  materialize(views?: readonly string[], options?: WorkOptions): Promise<MaterializeOutcome[]>;

  // 5 serve
  features<I extends object, V extends object>(
    service: FeatureService<I, V>,
    request: I,
    options?: ReadOptions,
  ): Promise<FeatureAnswer<V>>;
  features<I extends object, V extends object>(
    service: FeatureService<I, V>,
    requests: readonly I[],
    options?: ReadOptions,
  ): Promise<FeatureAnswer<V>[]>;
  features(service: string, requests: readonly UntypedRequest[], options?: ReadOptions): Promise<FeatureAnswer[]>;
  /** As `features`, live, as text: for those who hand answers on. Throws where it need not wait to know. */
  featuresAs(
    service: string,
    requests: readonly UntypedRequest[],
    form: AnswerForm,
    timer?: StageTimer,
  ): WrittenAnswers | Promise<WrittenAnswers>;
  /**
   * The features of views that no service names together, live: as `features` of a service of these uses. They are
   * counted by view, and not audited as a service's are.
   */
  featuresOf(uses: readonly ViewUseDefinition[], requests: readonly UntypedRequest[]): Promise<FeatureAnswer[]>;
  predict<I extends object, V extends object>(model: Model<I, V>, request: I): Promise<PredictionAnswer<V>>;
  predict<I extends object, V extends object>(
    model: Model<I, V>,
    requests: readonly I[],
  ): Promise<PredictionAnswer<V>[]>;
  predict(model: string, requests: readonly UntypedRequest[], timer?: StageTimer): Promise<PredictionAnswer[]>;

  /** Has a verification of this store, which is made beside it, on record as a run of it. */
  recordVerification<T extends { readonly compared: number }>(
    verify: (options: WorkOptions) => Promise<T>,
    options?: WorkOptions,
  ): Promise<T>;

  /**
   * Compares everything that a model served with what history gives for the same requests and moments, bit for bit:
   * features, statuses, event times and predictions.
   */
  audit(model: string, options?: AuditOptions): Promise<AuditOutcome>;

  /**
   * How one feature of one key comes about, now or as of a past moment: its value, the records and tiles behind it, and
   * whether online and offline store agree on it.
   */
  explain(view: string, feature: string, keys: UntypedRequest, options?: ReadOptions): Promise<Explanation>;

  /**
   * Compares what waits of the sample of answers that is audited while the store serves, at once; resolves to all
   * that the audit has found so far. @throws ASOF_HOME_LOCKED
   */
  auditServed(): Promise<AuditReport>;

  /**
   * Erases every record that carries the key of an entity, rebuilds what had counted them, and proves that nothing is
   * left. A crash in the middle is finished at the next start.
   */
  forget(entity: string, keys: Readonly<Record<string, unknown>>, options?: ForgetOptions): Promise<ForgetOutcome>;

  // what there is
  /** How fresh what is served is, whether it is right, and whether it is what models were trained on. */
  monitoring(): Promise<MonitoringReport>;
  /** How a feature, by its name in the service, is spread in training and in serving. @throws ASOF_UNKNOWN_MODEL */
  distribution(model: string, feature: string): Promise<FeatureDistribution>;
  status(): Promise<StatusReport>;
  runs(filter?: { readonly kind?: string; readonly limit?: number }): Promise<RunReport[]>;

  // who may do what over HTTP, and who did
  readonly keys: Keys & Credentials;
  readonly trail: Trail;

  close(): Promise<void>;
}
