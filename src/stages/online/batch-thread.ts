import { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { FoldLimits, MadeBatch, PostedError } from "./batch-maker.ts";
import { postedError, receivedError } from "./batch-maker.ts";
import type { FollowedView } from "./folded-view.ts";
import { LocalBatches } from "./local-batches.ts";
import { packChanges, type Packed, packPieces, unpackPieces } from "./packed-bytes.ts";
import type { Portion } from "./portion.ts";

/** What a thread that makes batches is told. `schemas` is the text of those of the log, where there are new ones. */
export type ToBatchThread =
  | { readonly kind: "open"; readonly limits: FoldLimits }
  | { readonly kind: "follow"; readonly views: readonly FollowedView[]; readonly schemas: string | null }
  | {
      readonly kind: "make";
      readonly portion: Portion | null;
      readonly watermark: Timestamp;
      readonly schemas: string | null;
    }
  /** What it asked for last: values of the store, or that the batch before is committed. */
  | { readonly kind: "found"; readonly values: Packed }
  | { readonly kind: "committed" }
  | { readonly kind: "refused"; readonly error: PostedError };

/** What it tells. */
export type FromBatchThread =
  | { readonly kind: "ready" }
  | (Omit<MadeBatch, "changes"> & { readonly kind: "made"; readonly changes: Packed })
  | { readonly kind: "failed"; readonly error: PostedError }
  /** Wants to know what the store holds, or that the batch before is committed. */
  | { readonly kind: "read"; readonly keys: Packed; readonly verify: boolean }
  | { readonly kind: "wait" };

/**
 * Makes batches in a thread of its own, which knows the store only by what it asks for. Gives what is to be called with
 * each message.
 */
export function batchThread(
  post: (message: FromBatchThread, handOver: readonly ArrayBuffer[]) => void,
): (message: ToBatchThread) => void {
  const schemas = new StreamSchemas();
  let batches: LocalBatches;
  let asked: PromiseWithResolvers<Packed | null> | null = null;
  const ask = (message: FromBatchThread, handOver: readonly ArrayBuffer[]): Promise<Packed | null> => {
    asked = Promise.withResolvers();
    post(message, handOver);
    return asked.promise;
  };
  const store = {
    read: async (
      wanted: readonly Uint8Array[],
      visit: (index: number, value: Uint8Array | undefined) => void,
      { verify = false }: { readonly verify?: boolean } = {},
    ): Promise<void> => {
      const keys = packPieces(wanted);
      const values = await ask({ kind: "read", keys, verify }, [keys.buffer]);
      unpackPieces(values!).forEach((value, i) => visit(i, value ?? undefined));
    },
  };
  const committed = async (): Promise<void> => void (await ask({ kind: "wait" }, []));

  const make = async ({ portion, watermark }: Extract<ToBatchThread, { readonly kind: "make" }>): Promise<void> => {
    try {
      const made = await batches.make(portion, watermark, committed);
      const changes = packChanges(made.changes);
      post({ ...made, kind: "made", changes }, [changes.buffer]);
    } catch (error) {
      post({ kind: "failed", error: postedError(error) }, []);
    }
  };

  return (message) => {
    switch (message.kind) {
      case "open":
        batches = new LocalBatches({ store, schemas, limits: message.limits });
        post({ kind: "ready" }, []);
        break;
      case "follow":
        schemas.restore(message.schemas);
        batches.follow(message.views);
        break;
      case "make":
        schemas.restore(message.schemas);
        void make(message);
        break;
      case "found":
        asked!.resolve(message.values);
        break;
      case "committed":
        asked!.resolve(null);
        break;
      case "refused":
        asked!.reject(receivedError(message.error));
    }
  };
}
