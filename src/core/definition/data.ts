import type { AggregationSpec } from "../aggregation/aggregation.ts";
import type { Expression } from "../expression/tree.ts";
import type { Fields } from "../schema/data-type.ts";
import type { Window } from "../time/window.ts";

/**
 * Definitions as plain, frozen, JSON-serialisable data: what is fingerprinted, stored, compared and executed.
 * Times are microseconds. Names are unique across all kinds of definitions.
 */
export type Definition =
  | EntityDefinition
  | SourceDefinition
  | AggregateViewDefinition
  | BatchViewDefinition
  | OnDemandViewDefinition
  | ServiceDefinition
  | ModelDefinition;

export type ViewDefinition = AggregateViewDefinition | BatchViewDefinition | OnDemandViewDefinition;

/** What people want to know of a definition. It decides no value. */
export interface Description {
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: readonly string[];
}

export interface EntityDefinition extends Description {
  readonly kind: "entity";
  readonly name: string;
  readonly keys: Fields;
}

export interface SourceDefinition extends Description {
  readonly kind: "source";
  readonly name: string;
  readonly fields: Fields;
  /** The column of files that holds a field, where it goes by another name there. */
  readonly columns: Readonly<Record<string, string>>;
  /** When the record happened: a timestamp. */
  readonly eventTime: Expression;
  /** When bulk history could be known: a timestamp; null where it is not declared. Streams have their arrival. */
  readonly availableAt: Expression | null;
  /** How far ahead of its arrival a streamed record may be dated. */
  readonly tolerance: number;
  /** The field that says which of two records with the same times comes first. */
  readonly order?: string;
  /** The fields that together name a record: it counts once, and can be withdrawn or corrected by them. */
  readonly id?: readonly string[];
  /** What a record that does not bring a field has in it, be it from before the field was there: as plain data. */
  readonly defaults?: Readonly<Record<string, string | number | boolean>>;
  /** For how long an idempotency key is remembered at the least. */
  readonly dedupe?: number;
  /** For how long after its event a record is kept at the least; absent for ever. It decides no value. */
  readonly retention?: number;
}

/** One aggregate over one window. */
export interface AggregateFeature {
  readonly name: string;
  readonly aggregation: AggregationSpec;
  /** What is aggregated; null for a count of records. */
  readonly of: Expression | null;
  /** Records for which this is not true are left out. */
  readonly where: Expression | null;
  /** What a "per" aggregation is computed per: the key of an entry of the map. Only there. */
  readonly per?: Expression;
  readonly window: Window;
  /** Makes a list of so many windows, one before the other: the feature's own is the newest. */
  readonly series?: number;
}

export interface AggregateViewDefinition extends Description {
  readonly kind: "aggregateView";
  readonly name: string;
  readonly source: string;
  readonly entity: string;
  /** Field of the source for each key of the entity. */
  readonly keys: Readonly<Record<string, string>>;
  readonly features: readonly AggregateFeature[];
  /** The source's `order`, where the order of records decides a feature. */
  readonly order?: string;
  /** Whether records of the source can be withdrawn, as they have an `id`: what is kept online is then other. */
  readonly retractable?: true;
}

export interface BatchViewDefinition extends Description {
  readonly kind: "batchView";
  readonly name: string;
  readonly entity: string;
  /** One query over sources by their names; each has its fields and `event_time` and `available_time`. */
  readonly sql: string;
  /** The sources the query reads. */
  readonly reads: readonly string[];
  readonly features: Fields;
  /** The column that holds the end of what a row covers. */
  readonly eventTime: string;
  /** How long a row is served after its time; null for ever. */
  readonly ttl: number | null;
  /** How long after its time a row usually is there: what a backfill assumes. */
  readonly delay: number;
  /** How far before a row's time the query reads: needed where a source it reads has a retention. */
  readonly lookback?: number;
}

export interface OnDemandViewDefinition extends Description {
  readonly kind: "onDemandView";
  readonly name: string;
  readonly input: Fields;
  readonly features: Fields;
  /** The source text of the function. */
  readonly code: string;
}

/** How a service uses a view. */
export interface ViewUseDefinition {
  readonly view: string;
  /** What its features are called in the service: `alias__feature`. */
  readonly alias: string;
  /** The service's input for each key of the view's entity; for an on-demand view, for each of its inputs. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The features used, in order; null for all. */
  readonly features: readonly string[] | null;
}

export interface ServiceDefinition extends Description {
  readonly kind: "service";
  readonly name: string;
  readonly uses: readonly ViewUseDefinition[];
  /** Everything a request must carry: entity keys and inputs of on-demand views. */
  readonly inputs: Fields;
}

export interface ModelDefinition extends Description {
  readonly kind: "model";
  readonly name: string;
  readonly service: string;
  readonly task: "classification" | "regression";
  /** Where the examples come from: rows of a source, each asked about at a moment. */
  readonly examples: {
    readonly source: string;
    readonly at: Expression;
    readonly where: Expression | null;
    /** How many examples at the most, spread evenly over time; null for all. */
    readonly sample: number | null;
  };
  /** What is to be predicted, of a row of the source. */
  readonly label: Expression;
  /** Moments of the examples to train on and to hold out, each [from, until). */
  readonly split: { readonly train: readonly [number, number]; readonly test: readonly [number, number] };
  readonly trainer: TrainerDefinition;
}

export interface TrainerDefinition {
  readonly name: string;
  readonly options: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}
