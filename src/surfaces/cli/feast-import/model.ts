import type { Kind } from "../../../core/schema/data-type.ts";
import type { DurationText } from "../../../core/time/duration.ts";

// What is imported: definitions as they are to be written down.

export interface About {
  readonly description: string | null;
  readonly owner: string | null;
  readonly tags: readonly string[];
}

export interface ImportedEntity extends About {
  readonly name: string;
  readonly keys: ReadonlyMap<string, Kind>;
}

export interface ImportedField {
  readonly name: string;
  readonly kind: Kind;
  readonly nullable: boolean;
  /** The column of files, where it goes by another name there. */
  readonly column: string | null;
}

export interface ImportedSource {
  readonly name: string;
  readonly fields: readonly ImportedField[];
  readonly eventTime: string;
  /** The field that says which of two rows of one time is the later. */
  readonly order: string | null;
  /** Where its history is; null where that is no file here. */
  readonly file: string | null;
}

export interface ImportedView extends About {
  readonly name: string;
  readonly source: ImportedSource;
  readonly entity: ImportedEntity;
  readonly ttl: number;
  /** By Feast's names: what each feature is here, and the source's field. */
  readonly features: ReadonlyMap<string, { readonly name: string; readonly field: string; readonly kind: Kind }>;
  /** Pushed to: last values of records as they come. Otherwise the newest rows of files. */
  readonly pushed: boolean;
  /** Of a view that is pushed to: the window in which a value is the last one. */
  readonly window: { readonly length: DurationText | "lifetime"; readonly hop: DurationText | null };
}

export interface ImportedUse {
  readonly view: ImportedView;
  /** Null for the view's own name. */
  readonly alias: string | null;
  /** What requests call a key, where it is not the key's name. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Null for all. */
  readonly features: readonly string[] | null;
}

export interface ImportedService extends About {
  readonly name: string;
  readonly uses: readonly ImportedUse[];
}

export interface ImportedOnDemandView {
  readonly name: string;
  readonly code: string;
}

export interface Imported {
  readonly entities: readonly ImportedEntity[];
  readonly sources: readonly ImportedSource[];
  readonly views: readonly ImportedView[];
  readonly services: readonly ImportedService[];
  /** Left out. */
  readonly onDemandViews: readonly ImportedOnDemandView[];
}
