import type { FeatureAnswer, PredictionAnswer } from "../../core/result/answers.ts";
import type { ForgetOutcome } from "../../core/result/forget.ts";
import type { Knowledge } from "../../core/result/knowledge.ts";
import type { AuditReport, ModelDrift } from "../../core/result/monitoring.ts";
import type { CorrectOutcome, IngestOutcome, ModelSummary, RetractOutcome } from "../../core/result/outcomes.ts";
import type { CatalogEntry, RunReport, StatusReport } from "../../core/result/status.ts";
import type { TimestampInput } from "../../core/time/timestamp.ts";
import type { CallOptions } from "./client-options.ts";
import type { FeaturesIn, Models, Records, RequestIn, Services, Undefined } from "./defined.ts";
import type { Told } from "./told.ts";
import type { Call } from "./transport.ts";

export interface WriteOptions extends CallOptions {
  /** "applied" answers once what was written can be read online. */
  readonly wait?: "applied";
}

export interface IngestClientOptions extends WriteOptions {
  /** Names the request, so that it can be sent again and is taken once. Only then is it sent again by itself. */
  readonly idempotencyKey?: string;
}

export interface FeatureOptions extends CallOptions {
  /** A moment of the past. Default: now. */
  readonly at?: TimestampInput;
  /** By which knowledge. Default "served". */
  readonly knowledge?: Knowledge;
}

export interface RunFilter extends CallOptions {
  readonly kind?: string;
  readonly limit?: number;
}

type Plain = Readonly<Record<string, unknown>>;
type NameIn<T> = keyof T & string;

/**
 * A store behind HTTP. Records, requests and answers are typed by the definitions D, and have the values of the store:
 * moments are microseconds, int64 is bigint. Reports are as their JSON has them.
 * Every method rejects with a `ClientError`.
 */
export interface Client<D = Undefined> {
  /**
   * Sends records; resolves once they are on disk: all of them, or none. Sent again by itself only under an idempotency
   * key, or where the server refused it whole (429).
   */
  ingest<N extends NameIn<Records<D>>>(
    source: N,
    records: Records<D>[N] | readonly Records<D>[N][],
    options?: IngestClientOptions,
  ): Promise<Told<IngestOutcome>>;
  /** Withdraws records by the fields of their ids. A second time changes nothing. */
  retract<N extends NameIn<Records<D>>>(
    source: N,
    ids: Partial<Records<D>[N]> | readonly Partial<Records<D>[N]>[],
    options?: WriteOptions,
  ): Promise<Told<RetractOutcome>>;
  /** Puts records in the place of those with the same ids. A second time changes nothing. */
  correct<N extends NameIn<Records<D>>>(
    source: N,
    records: Records<D>[N] | readonly Records<D>[N][],
    options?: WriteOptions,
  ): Promise<Told<CorrectOutcome>>;

  features<N extends NameIn<Services<D>>>(
    service: N,
    requests: readonly RequestIn<Services<D>, N>[],
    options?: FeatureOptions,
  ): Promise<FeatureAnswer<FeaturesIn<Services<D>, N>>[]>;
  features<N extends NameIn<Services<D>>>(
    service: N,
    request: RequestIn<Services<D>, N>,
    options?: FeatureOptions,
  ): Promise<FeatureAnswer<FeaturesIn<Services<D>, N>>>;
  /** Each prediction is logged: it is asked again by itself only where the server refused it whole (429). */
  predict<N extends NameIn<Models<D>>>(
    model: N,
    requests: readonly RequestIn<Models<D>, N>[],
    options?: CallOptions,
  ): Promise<PredictionAnswer<FeaturesIn<Models<D>, N>>[]>;
  predict<N extends NameIn<Models<D>>>(
    model: N,
    request: RequestIn<Models<D>, N>,
    options?: CallOptions,
  ): Promise<PredictionAnswer<FeaturesIn<Models<D>, N>>>;

  /** What is behind a feature's value for a key; `feature` as `view.feature`. */
  explain(feature: string, keys: Plain, options?: FeatureOptions): Promise<Plain>;
  catalog(options?: CallOptions): Promise<readonly CatalogEntry[]>;
  status(options?: CallOptions): Promise<Told<StatusReport>>;
  runs(filter?: RunFilter): Promise<readonly Told<RunReport>[]>;
  models(model?: string, options?: CallOptions): Promise<readonly Told<ModelSummary>[]>;
  audit(options?: CallOptions): Promise<Told<AuditReport>>;
  drift(options?: CallOptions): Promise<readonly Told<ModelDrift>[]>;
  forget(
    entity: string,
    keys: Plain,
    options?: CallOptions & { readonly dryRun?: boolean },
  ): Promise<Told<ForgetOutcome>>;

  /** Any route: what its JSON parses to. Of text that is no JSON, the text. */
  call(
    call: Omit<Call, "body" | "repeat"> & Partial<Pick<Call, "repeat">> & { readonly body?: unknown },
    options?: CallOptions,
  ): Promise<unknown>;
}
