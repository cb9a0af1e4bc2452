import { META_KEY } from "../../core/codec/online-keys.ts";
import { encodeMeta } from "../../core/codec/online-meta.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OnlineReader, OnlineStore, Put } from "../../ports/online-store.ts";
import type { FollowedView } from "./folded-view.ts";
import type { BatchLimits } from "./log-batch.ts";
import type { Portion } from "./portion.ts";

/** What bounds the fold's memory. */
export interface FoldLimits extends BatchLimits {
  /** Bytes of key states kept decoded between batches, roughly. */
  readonly cached: number;
}

/** A batch of the log as what it changes in the store: to be committed together, with where it ends. */
export interface Batch {
  readonly changes: readonly Put[];
  readonly end: LogPosition;
  /** As of which the changed keys are. */
  readonly watermark: Timestamp;
  /** The version of the record of views in the store. */
  readonly views: number;
}

/** What makes batches needs of the store. */
export interface MakerParts {
  readonly store: OnlineReader;
  readonly schemas: StreamSchemas;
  readonly limits: FoldLimits;
  readonly commit: (batch: Batch) => Promise<void>;
}

/** What a batch begins with. */
export interface Since {
  /** Of the batch before. */
  readonly watermark: Timestamp;
  /** The version of the record of views in the store. */
  readonly views: number;
}

/** A batch that was made, and is being committed. */
export interface MadeBatch extends Pick<Batch, "end" | "watermark"> {
  /** Whether entries of the portion are left for another batch. */
  readonly isMore: boolean;
  readonly committed: Promise<void>;
}

/**
 * Makes of the log what it changes in the online store, batch by batch, and commits it: while one is committed the next
 * is made. It keeps the states of keys in memory, as they will be once the last batch is committed: where that is in
 * doubt it must be told to follow its views anew.
 */
export interface BatchMaker {
  /** Follows these views from the next portion on, with nothing in memory. Nothing must be under way. */
  follow(views: readonly FollowedView[]): void;

  /**
   * Makes the next batch: of a new portion, or with null of what is left of the one before. Resolves once the batch
   * before is committed and this one is about to be; rejects where that one failed.
   */
  make(portion: Portion | null, since: Since): Promise<MadeBatch>;

  /** Gives up what it has beside it. Nothing must be under way. */
  close(): Promise<void>;
}

/** Commits a batch together with where the store stands by it. */
export function commitTo(store: Pick<OnlineStore, "commit">): MakerParts["commit"] {
  return ({ changes, end: position, watermark, views }) =>
    store.commit([...changes, [META_KEY, encodeMeta({ position, watermark, views })]]);
}
