import { receivedError } from "../../core/posted-error.ts";
import type { OnlineReader } from "../../ports/online-store.ts";
import type { MakerParts } from "./batch-maker.ts";
import type { AnswerToBatchThread, PostFromBatchThread } from "./batch-messages.ts";
import { packChanges, type Packed, packPieces, unpackPieces } from "./packed-bytes.ts";

/** The online store as a thread sees it that has not opened it: it asks another, which has, one thing of a kind at a time. */
export class AskedStore implements OnlineReader {
  private readonly post: PostFromBatchThread;
  private reading: PromiseWithResolvers<Packed> | null = null;
  private committing: PromiseWithResolvers<void> | null = null;
  private changes: Packed | null = null;

  constructor(post: PostFromBatchThread) {
    this.post = post;
  }

  read: OnlineReader["read"] = async (wanted, visit, { verify = false } = {}) => {
    const keys = packPieces(wanted);
    this.reading = Promise.withResolvers();
    this.post({ kind: "read", keys, verify }, [keys.buffer]);
    unpackPieces(await this.reading.promise).forEach((value, i) => visit(i, value ?? undefined));
  };

  /** Keeps the changes, to be posted with the batch that they are of. */
  commit: MakerParts["commit"] = ({ changes }) => {
    this.changes = packChanges(changes);
    this.committing = Promise.withResolvers();
    return this.committing.promise;
  };

  takeChanges(): Packed | null {
    const { changes } = this;
    this.changes = null;
    return changes;
  }

  hear(answer: AnswerToBatchThread): void {
    switch (answer.kind) {
      case "found":
        this.reading!.resolve(answer.values);
        break;
      case "unreadable":
        this.reading!.reject(receivedError(answer.error));
        break;
      case "committed":
        this.committing!.resolve();
        break;
      case "uncommitted":
        this.committing!.reject(receivedError(answer.error));
    }
  }
}
