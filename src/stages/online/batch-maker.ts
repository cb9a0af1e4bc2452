import { AsofError } from "../../core/errors.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OnlineReader, Put } from "../../ports/online-store.ts";
import type { FollowedView } from "./folded-view.ts";
import type { BatchLimits } from "./log-batch.ts";
import type { Portion } from "./portion.ts";

/** What bounds the fold's memory. */
export interface FoldLimits extends BatchLimits {
  /** Bytes of key states kept decoded between batches, roughly. */
  readonly cached: number;
}

/** What makes batches needs of the store. */
export interface MakerParts {
  readonly store: OnlineReader;
  readonly schemas: StreamSchemas;
  readonly limits: FoldLimits;
}

/** A batch of the log as what it changes in the store: to be committed together, with where it ends. */
export interface MadeBatch {
  readonly changes: readonly Put[];
  readonly end: LogPosition;
  /** As of which the changed keys are. */
  readonly watermark: Timestamp;
  /** Whether entries of the portion are left for another batch. */
  readonly isMore: boolean;
}

/**
 * Makes of the log what it changes in the online store, batch by batch. It keeps the states of keys in memory, as they
 * will be once the last batch is committed: where that is in doubt it must be told to follow its views anew.
 */
export interface BatchMaker {
  /** Follows these views from the next portion on, with nothing in memory. */
  follow(views: readonly FollowedView[]): void;

  /**
   * Makes the next batch: of a new portion, or with null of what is left of the one before. Whatever was made before the
   * last batch must be committed by then.
   * @param watermark of the batch before
   * @param committed resolves once the batch before is committed
   */
  make(portion: Portion | null, watermark: Timestamp, committed: () => Promise<void>): Promise<MadeBatch>;

  /** Ends what it has beside it. */
  close(): Promise<void>;
}

/** An error as it goes from thread to thread. */
export type PostedError = Pick<AsofError, "code" | "message" | "details">;

export function postedError(error: unknown): PostedError {
  if (error instanceof AsofError) return error.toJSON();
  return { code: "ASOF_INTERNAL", message: error instanceof Error ? error.message : String(error), details: {} };
}

export function receivedError({ code, message, details }: PostedError): AsofError {
  return new AsofError(code, message, details);
}
