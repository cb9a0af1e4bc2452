import { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { postedError } from "../../core/posted-error.ts";
import type { OnlineStore } from "../../ports/online-store.ts";
import { AskedStore } from "./asked-store.ts";
import { commitTo } from "./batch-maker.ts";
import type { PostFromBatchThread, ToBatchThread } from "./batch-messages.ts";
import { LocalBatches } from "./local-batches.ts";

/**
 * Makes batches in a thread of its own. Gives what is to be called with each message.
 * @param openStore opens the online store in its folder, to commit to it beside the thread that started this one
 */
export function batchThread(
  post: PostFromBatchThread,
  openStore: (folder: string) => Promise<OnlineStore>,
): (message: ToBatchThread) => void {
  const schemas = new StreamSchemas();
  let batches: LocalBatches;
  let own: OnlineStore | null = null;
  let asked: AskedStore | null = null;

  const open = async ({ limits, folder }: Extract<ToBatchThread, { readonly kind: "open" }>): Promise<void> => {
    if (folder === null) {
      asked = new AskedStore(post);
      batches = new LocalBatches({ store: asked, commit: asked.commit, schemas, limits });
    } else {
      own = await openStore(folder);
      batches = new LocalBatches({ store: own, commit: commitTo(own), schemas, limits });
    }
    post({ kind: "ready" }, []);
  };

  const make = async (message: Extract<ToBatchThread, { readonly kind: "make" }>): Promise<void> => {
    const { portion, watermark, views } = message;
    try {
      // Others may have committed since.
      own?.refresh();
      const { committed, ...made } = await batches.make(portion, { watermark, views });
      const changes = asked === null ? null : asked.takeChanges();
      post({ kind: "made", ...made, views, changes }, changes === null ? [] : [changes.buffer]);
      if (own !== null) tell(committed);
    } catch (error) {
      post({ kind: "failed", error: postedError(error) }, []);
    }
  };

  const tell = (committed: Promise<void>): void =>
    void committed.then(
      () => post({ kind: "committed" }, []),
      (error: unknown) => post({ kind: "uncommitted", error: postedError(error) }, []),
    );

  return (message) => {
    switch (message.kind) {
      case "open":
        void open(message);
        break;
      case "follow":
        schemas.restore(message.schemas);
        batches.follow(message.views);
        break;
      case "make":
        schemas.restore(message.schemas);
        void make(message);
        break;
      default:
        asked!.hear(message);
    }
  };
}
