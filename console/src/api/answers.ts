// The shapes of the server's answers: the store's own reports, as their JSON tells them.
import type { CollectionType } from "../../../src/core/aggregation/feature-type.ts";
import type { ClassificationMetrics, Metrics } from "../../../src/core/metrics/metrics.ts";
import type { HeldOutFindings, ModelEvaluation } from "../../../src/core/result/evaluation.ts";
import type { ModelComparison } from "../../../src/core/result/comparison.ts";
import type * as monitoring from "../../../src/core/result/monitoring.ts";
import type { ModelSummary } from "../../../src/core/result/outcomes.ts";
import type * as status from "../../../src/core/result/status.ts";
import type { DataType } from "../../../src/core/schema/data-type.ts";
import type { Told } from "../../../src/surfaces/client/told.ts";
import type { RouteTimes } from "../../../src/surfaces/http/live/request-times.ts";

export type { ClassificationMetrics, HeldOutFindings, Metrics, ModelEvaluation };

export type Run = Told<status.RunReport>;
export type ViewReport = Told<status.ViewStatusReport>;
export type Status = Told<status.StatusReport>;
export type AuditTarget = Told<monitoring.AuditTarget>;
export type ModelDrift = Told<monitoring.ModelDrift>;
export type ServiceRates = Told<monitoring.ServiceRates>;
export type ModelVersion = Told<ModelSummary>;
export type Comparison = Told<ModelComparison>;

export interface Live {
  readonly status: Status;
  readonly requests: readonly RouteTimes[];
  /** Of the server's process, in bytes. */
  readonly memory: { readonly resident: number; readonly heap: number };
}

export type FieldType = DataType | CollectionType;

export type Fields = Readonly<Record<string, FieldType>>;

export interface FeatureEntry {
  readonly name: string;
  readonly type: FieldType;
  /** Null where its view says it all. */
  readonly words: string | null;
}

export interface CatalogEntry extends status.CatalogEntry {
  /** Of a view: what it gives. */
  readonly features?: readonly FeatureEntry[];
}

export type Value = string | number | bigint | boolean | null | readonly Value[] | { readonly [key: string]: Value };

export interface FeatureAnswer {
  readonly values: Readonly<Record<string, Value>>;
  readonly statuses: Readonly<Record<string, string>>;
  readonly eventTimes: Readonly<Record<string, string | null>>;
  readonly t: string;
  readonly loads: Readonly<Record<string, number>>;
}

export interface FeaturesAnswer {
  readonly service: string;
  readonly results: readonly FeatureAnswer[];
}
