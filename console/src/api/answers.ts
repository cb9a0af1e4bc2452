// The shapes of the server's answers, as far as the console reads them. Moments are ISO 8601; spans are microseconds.

export interface Run {
  readonly id: number;
  readonly kind: string;
  readonly target: string;
  readonly state: "running" | "succeeded" | "failed" | "interrupted";
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly seconds: number | null;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly location: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ViewReport {
  readonly name: string;
  readonly kind: "aggregateView" | "batchView" | "onDemandView";
  readonly offlineRows: number | null;
  readonly onlineKeys: number | null;
  readonly onlinePosition: number | null;
  readonly stale: boolean;
  readonly maxEvent: string | null;
}

export interface AuditTarget {
  readonly kind: "features" | "predict";
  readonly name: string;
  readonly answers: number;
  readonly compared: number;
  readonly different: number;
  readonly features: Readonly<Record<string, { readonly compared: number; readonly different: number }>>;
  readonly examples: readonly {
    readonly what: string;
    readonly t: string;
    readonly request: Readonly<Record<string, string | null>>;
    readonly served: string;
    readonly recomputed: string;
  }[];
  readonly lastRun: string | null;
}

export interface Audit {
  readonly running: boolean;
  readonly sample: number;
  readonly every: number;
  readonly answers: number;
  readonly compared: number;
  readonly different: number;
  readonly waiting: number;
  readonly lag: number;
  readonly lastRun: string | null;
  readonly failures: number;
  readonly failure: string | null;
  readonly targets: readonly AuditTarget[];
}

export interface FeatureDrift {
  readonly feature: string;
  readonly psi: number | null;
  readonly chance: number | null;
  readonly ks: number | null;
  readonly trained: { readonly rows: number; readonly nulls: number };
  readonly served: { readonly rows: number; readonly nulls: number };
}

export interface ModelDrift {
  readonly model: string;
  readonly version: number;
  readonly since: string;
  readonly predictions: number;
  readonly features: readonly FeatureDrift[];
}

export interface ServiceRates {
  readonly service: string;
  readonly answers: number;
  readonly views: readonly {
    readonly view: string;
    readonly notFound: number;
    readonly expired: number;
    readonly overflow: number;
    readonly nulls: number;
    readonly values: number;
  }[];
  readonly features: Readonly<Record<string, number>>;
}

export interface Status {
  readonly home: string;
  readonly revision: number;
  readonly now: string;
  readonly watermark: string | null;
  readonly freshness: number | null;
  readonly log: {
    readonly start: number;
    readonly end: number;
    readonly folded: number;
    readonly archived: number;
    readonly unfolded: number;
    readonly bytes: number;
  };
  readonly offline: {
    readonly bytes: number;
    readonly files: number;
    readonly sources: readonly {
      readonly name: string;
      readonly rows: number;
      readonly bytes: number;
      readonly files: number;
      readonly minEvent: string | null;
      readonly maxEvent: string | null;
      readonly inLog: number;
    }[];
  };
  readonly online: { readonly bytes: number };
  readonly views: readonly ViewReport[];
  readonly models: readonly {
    readonly name: string;
    readonly versions: number;
    readonly promoted: number | null;
    readonly served: number;
  }[];
  readonly runs: readonly Run[];
  readonly sources: readonly {
    readonly source: string;
    readonly newestEvent: string | null;
    readonly newestAvailable: string | null;
    readonly eventAge: number | null;
    readonly availableAge: number | null;
  }[];
  readonly services: readonly ServiceRates[];
  readonly audit: Audit;
  readonly drift: readonly ModelDrift[];
}

export interface RouteTimes {
  readonly route: string;
  readonly requests: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

export interface Live {
  readonly status: Status;
  readonly requests: readonly RouteTimes[];
}

export interface FieldType {
  readonly kind: string;
  readonly nullable: boolean;
  readonly of?: FieldType;
}

export type Fields = Readonly<Record<string, FieldType>>;

export interface FeatureEntry {
  readonly name: string;
  readonly type: FieldType;
  /** Null where its view says it all. */
  readonly words: string | null;
}

export interface CatalogEntry {
  readonly kind: "entity" | "source" | "aggregateView" | "batchView" | "onDemandView" | "service" | "model";
  readonly name: string;
  readonly fingerprint: string;
  readonly applied: boolean;
  readonly description: string | null;
  readonly definition: Readonly<Record<string, unknown>>;
  /** Of a view: what it gives. */
  readonly features?: readonly FeatureEntry[];
}

export interface ClassificationMetrics {
  readonly task: "classification";
  readonly rows: number;
  readonly baseRate: number;
  readonly auc: number | null;
  readonly aucStandardError: number | null;
  readonly logLoss: number;
  readonly accuracy: number;
  readonly calibrationError: number;
  readonly calibration: readonly { readonly count: number; readonly predicted: number; readonly observed: number }[];
}

export interface RegressionMetrics {
  readonly task: "regression";
  readonly rows: number;
  readonly rmse: number;
  readonly mae: number;
  readonly r2: number | null;
}

export type Metrics = ClassificationMetrics | RegressionMetrics;

export interface ModelVersion {
  readonly model: string;
  readonly version: number;
  readonly createdAt: string;
  readonly promoted: boolean;
  readonly fingerprint: string;
  readonly sha256: string;
  readonly runtime: string;
  readonly bytes: number;
  readonly trainer: string;
  readonly trainingSet: {
    readonly from: string;
    readonly until: string;
    readonly rows: number;
    readonly sha256: string;
  };
  readonly heldOut: { readonly from: string; readonly until: string; readonly rows: number };
  readonly metrics: Metrics;
  readonly baseline: Metrics | null;
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
