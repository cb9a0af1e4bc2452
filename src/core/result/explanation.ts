import type { AggregationSpec, FeatureType, FeatureValue } from "../aggregation/aggregation.ts";
import type { DataType, Fields, Row, Value } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import type { ViewStatus } from "./answers.ts";
import type { Knowledge } from "./knowledge.ts";

/** How a value came about: what of history is behind it, and whether everything that computes it agrees. */
export type Explanation = AggregateExplanation | BatchExplanation | OnDemandExplanation;

interface CommonExplanation {
  readonly view: string;
  readonly feature: string;
  /** The key, or the input of a request-time view. */
  readonly keys: Row;
  readonly keyTypes: Fields;
  /** The moment explained. Unless one was asked for, it is that of the online store's answer. */
  readonly t: Timestamp;
  readonly knowledge: Knowledge;
  /** With knowledge "now": the moment whose knowledge that is. */
  readonly knownAt?: Timestamp;
  readonly value: FeatureValue;
  readonly type: FeatureType;
  readonly status: ViewStatus;
  readonly eventTime: Timestamp | null;
  readonly definition: {
    readonly fingerprint: string;
    /** The revision that the store works by, and when it was applied. */
    readonly revision: number;
    readonly appliedAt: Timestamp | null;
    /** Whether that revision has this very definition. */
    readonly applied: boolean;
  };
  readonly log: {
    /** What is below this position of the log was looked at. */
    readonly position: number;
    /** Bulk loads and computations below this position are in the value. */
    readonly loads: number;
    /** Behind the newest load or computation that there is: more than `loads` where some are not online yet. */
    readonly newest: number;
  };
  /** What is computed here from what is listed here, beside what the point-in-time join answers. */
  readonly check: { readonly explained: FeatureValue; readonly answered: FeatureValue; readonly equal: boolean };
  readonly online: OnlineView;
}

/** What the online store answers now, beside what history gives for the same moment and the same loads. */
export type OnlineView =
  | {
      readonly state: "equal" | "different";
      readonly t: Timestamp;
      readonly loads: number;
      readonly value: FeatureValue;
      readonly status: ViewStatus;
      readonly eventTime: Timestamp | null;
      readonly history: {
        readonly value: FeatureValue;
        readonly status: ViewStatus;
        readonly eventTime: Timestamp | null;
      };
    }
  | { readonly state: "absent"; readonly why: string };

export interface AggregateExplanation extends CommonExplanation {
  readonly kind: "aggregateView";
  readonly source: string;
  readonly aggregation: AggregationSpec;
  /** What is aggregated, over what, in words. */
  readonly words: string;
  readonly argument: string | null;
  readonly where: string | null;
  readonly argumentType: DataType | null;
  /** What it is computed per; null where all records count alike. */
  readonly per: string | null;
  readonly perType: DataType | null;
  /** The fields that the argument, the condition and what it is computed per read, which listed records carry. */
  readonly fieldTypes: Fields;
  /** What the listed records are ordered by. */
  readonly influence: string;
  /** What makes records late. */
  readonly lateness: string;
  /** One window; or those of a series, the newest first. */
  readonly windows: readonly WindowExplanation[];
}

export interface WindowExplanation {
  /** Null: since ever. */
  readonly start: Timestamp | null;
  readonly end: Timestamp;
  readonly value: FeatureValue;
  readonly tiles: TilesExplanation;
  readonly records: RecordCounts;
  /** Those with the most influence. */
  readonly contributions: readonly Contributor[];
  /** How many more contribute. */
  readonly more: number;
  /** For aggregations of values by how often they occur: the values; for those per key, the keys. */
  readonly groups: readonly { readonly value: Value; readonly records: number }[] | null;
  readonly moreGroups: number;
  /** Late ones among the visible, the latest first; `records.late` says how many there are. */
  readonly late: readonly LateRecord[];
}

export interface TilesExplanation {
  /** The width of a tile; null where one tile holds all of time. */
  readonly hop: number | null;
  /** How many the window spans; null where it has no start. */
  readonly spanned: number | null;
  readonly filled: number;
  /** Where the first and the last of them begin. */
  readonly first: Timestamp | null;
  readonly last: Timestamp | null;
  /** The tile that was not over yet at t begins here; null where all were. */
  readonly open: Timestamp | null;
  /** Those with the most visible records. */
  readonly largest: readonly {
    readonly start: Timestamp | null;
    readonly records: number;
    readonly open: boolean;
  }[];
}

/** Records of the key whose event lies in the window. */
export interface RecordCounts {
  readonly visible: number;
  /** Those of the visible that contribute an argument. */
  readonly counted: number;
  /** Visible, and left out by the condition. */
  readonly filtered: number;
  /** Visible, and without a value. */
  readonly empty: number;
  readonly loaded: number;
  readonly streamed: number;
  readonly late: number;
  /** Not visible: it was not available yet. */
  readonly notYetAvailable: number;
  /** Not visible: available already, and of an event at t or later. */
  readonly notYetHappened: number;
  /** Not visible: it was known to be withdrawn. */
  readonly withdrawn: number;
}

/** A record behind a value. */
export interface Contributor {
  /** What it contributes; true where the record itself is what counts. */
  readonly argument: Value;
  /** The key it counts for, where the feature is computed per key. */
  readonly key?: Value;
  readonly event: Timestamp;
  readonly available: Timestamp;
  /** Its own in the log, or that of the load it came with. */
  readonly position: number;
  readonly origin: Origin;
  readonly fields: Row;
}

export type Origin = "stream" | "load";

export interface LateRecord extends Omit<Contributor, "argument" | "key" | "fields"> {
  /** How long after the end of its tile it became available. */
  readonly by: number;
}

export interface BatchExplanation extends CommonExplanation {
  readonly kind: "batchView";
  readonly sql: string;
  readonly ttl: number | null;
  /** The version that was read; null where there is none. Served unless it had expired. */
  readonly read: VersionExplanation | null;
  /** When the version read expires; null for never. */
  readonly expires: Timestamp | null;
  /** Other versions of the key, those of a time next to t first. */
  readonly others: readonly VersionExplanation[];
  readonly more: number;
}

/** A version of a batch view's row. */
export interface VersionExplanation {
  /** The end of what it covers. */
  readonly event: Timestamp;
  readonly available: Timestamp;
  /** The log position of its computation. */
  readonly entry: number;
  readonly value: Value;
  readonly state: "read" | "expired" | "superseded" | "not yet available" | "of a later time";
  /** The run that computed it; null where that is not on record. */
  readonly run: { readonly id: number; readonly startedAt: Timestamp; readonly backfill: boolean } | null;
}

export interface OnDemandExplanation extends CommonExplanation {
  readonly kind: "onDemandView";
  readonly code: string;
  /** Identifies the function's text. */
  readonly codeFingerprint: string;
}
