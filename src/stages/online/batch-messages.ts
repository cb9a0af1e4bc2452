import type { PostedError } from "../../core/posted-error.ts";
import type { Batch, FoldLimits, MadeBatch, Since } from "./batch-maker.ts";
import type { FollowedView } from "./folded-view.ts";
import type { Packed } from "./packed-bytes.ts";
import type { Portion } from "./portion.ts";

// What a thread that makes batches and the one that started it say to one another.

/** What a thread that makes batches is told. `schemas` is the text of those of the log, where there are new ones. */
export type ToBatchThread =
  /** `folder` of the online store, where it is to open that itself. */
  | { readonly kind: "open"; readonly limits: FoldLimits; readonly folder: string | null }
  | { readonly kind: "follow"; readonly views: readonly FollowedView[]; readonly schemas: string | null }
  | ({ readonly kind: "make"; readonly portion: Portion | null; readonly schemas: string | null } & Since)
  | AnswerToBatchThread;

/** What it asked for: values of the store, or that what it made is committed. */
export type AnswerToBatchThread =
  | { readonly kind: "found"; readonly values: Packed }
  | { readonly kind: "unreadable"; readonly error: PostedError }
  | Committed;

/** What became of the last batch. */
type Committed = { readonly kind: "committed" } | { readonly kind: "uncommitted"; readonly error: PostedError };

/** What it tells. */
export type FromBatchThread =
  | { readonly kind: "ready" }
  /** `changes` are to be committed for it; null where it does so itself. */
  | ({ readonly kind: "made"; readonly changes: Packed | null } & Omit<MadeBatch, "committed"> & Pick<Batch, "views">)
  | { readonly kind: "failed"; readonly error: PostedError }
  /** Wants to know what the store holds. */
  | { readonly kind: "read"; readonly keys: Packed; readonly verify: boolean }
  /** Of what it commits itself. */
  | Committed;

export type PostFromBatchThread = (message: FromBatchThread, handOver: readonly ArrayBuffer[]) => void;
