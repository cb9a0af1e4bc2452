import { AsofError } from "../../core/errors.ts";
import { postedError, receivedError } from "../../core/posted-error.ts";
import type { SideThread, StartSideThread } from "../../ports/side-thread.ts";
import type { Batch, BatchMaker, MadeBatch, MakerParts, Since } from "./batch-maker.ts";
import type { AnswerToBatchThread, FromBatchThread, ToBatchThread } from "./batch-messages.ts";
import type { FollowedView } from "./folded-view.ts";
import { type Packed, packPieces, unpackChanges, unpackPieces } from "./packed-bytes.ts";
import type { Portion } from "./portion.ts";

/** What was being made is lost; whoever goes on must do so from what is committed. */
export class ThreadEnded extends AsofError {
  constructor(cause?: unknown) {
    super("ASOF_INTERNAL", "the thread that folds the log ended", {}, cause);
  }
}

/**
 * Makes batches in another thread: this one reads the log for it, and is free while it reckons, and where it has opened
 * the online store while it commits.
 */
export class ThreadBatches implements BatchMaker {
  private readonly parts: MakerParts;
  private readonly thread: SideThread;
  /** How many schemas of the log it knows. */
  private known = 0;
  private making: PromiseWithResolvers<MadeBatch> | null = null;
  /** While it commits. */
  private committing: PromiseWithResolvers<void> | null = null;

  /** It takes a moment to be there. */
  state: "starting" | "there" | "over" = "starting";
  private readonly started = Promise.withResolvers<void>();

  /** @param folder of the online store, where the thread can open it */
  constructor(parts: MakerParts, start: StartSideThread, folder: string | null) {
    this.parts = parts;
    this.thread = start(
      (message) => this.hear(message as FromBatchThread),
      (cause) => {
        this.state = "over";
        this.started.resolve();
        const ended = new ThreadEnded(cause);
        this.settleCommit((committing) => committing.reject(ended));
        this.settleMake((making) => making.reject(ended));
      },
    );
    this.post({ kind: "open", limits: parts.limits, folder });
  }

  follow(views: readonly FollowedView[]): void {
    const plain = views.map(({ source, online, definition, keys }) => ({ source, online, definition, keys }));
    this.post({ kind: "follow", views: plain, schemas: this.newSchemas() });
  }

  make(portion: Portion | null, since: Since): Promise<MadeBatch> {
    if (this.state === "over") return Promise.reject(new ThreadEnded());
    this.making = Promise.withResolvers();
    this.thread.keepAlive(true);
    const { watermark, views } = since;
    const memory = portion === null ? [] : [portion.bytes.buffer];
    this.post({ kind: "make", portion, watermark, views, schemas: this.newSchemas() }, memory);
    return this.making.promise;
  }

  async close(): Promise<void> {
    // Ended as it opens the store, it would end the process: the driver does not bear that.
    this.thread.keepAlive(true);
    await this.started.promise;
    await this.thread.close();
  }

  private hear(told: FromBatchThread): void {
    switch (told.kind) {
      case "ready":
        this.state = "there";
        this.started.resolve();
        break;
      case "made": {
        const { changes, end, watermark, views, isMore } = told;
        const committed =
          changes === null
            ? this.committedThere()
            : this.commit({ changes: unpackChanges(changes), end, watermark, views });
        this.settleMake(({ resolve }) => resolve({ end, watermark, isMore, committed }));
        break;
      }
      case "failed":
        this.settleMake(({ reject }) => reject(receivedError(told.error)));
        break;
      case "read":
        this.answer(this.read(told.keys, told.verify), "unreadable");
        break;
      case "committed":
        this.settleCommit(({ resolve }) => resolve());
        break;
      case "uncommitted":
        this.settleCommit(({ reject }) => reject(receivedError(told.error)));
    }
  }

  private committedThere(): Promise<void> {
    this.committing = Promise.withResolvers();
    return this.committing.promise;
  }

  private commit(batch: Batch): Promise<void> {
    const committed = this.parts.commit(batch);
    this.answer(
      committed.then(() => ({ kind: "committed" })),
      "uncommitted",
    );
    return committed;
  }

  private async read(keys: Packed, verify: boolean): Promise<AnswerToBatchThread> {
    const wanted = unpackPieces(keys) as Uint8Array[];
    const found: (Uint8Array | null)[] = [];
    const visit = (_: number, value: Uint8Array | undefined): void =>
      void found.push(value === undefined ? null : new Uint8Array(value));
    await this.parts.store.read(wanted, visit, { verify });
    return { kind: "found", values: packPieces(found) };
  }

  private answer(asked: Promise<AnswerToBatchThread>, otherwise: "unreadable" | "uncommitted"): void {
    asked.then(
      (answer) => this.post(answer, answer.kind === "found" ? [answer.values.buffer] : []),
      (error: unknown) => this.post({ kind: otherwise, error: postedError(error) }),
    );
  }

  private settleMake(settle: (making: PromiseWithResolvers<MadeBatch>) => void): void {
    const { making } = this;
    if (making === null) return;
    this.making = null;
    this.stayWhileWaitedFor();
    settle(making);
  }

  private settleCommit(settle: (committing: PromiseWithResolvers<void>) => void): void {
    const { committing } = this;
    if (committing === null) return;
    this.committing = null;
    this.stayWhileWaitedFor();
    settle(committing);
  }

  private stayWhileWaitedFor(): void {
    this.thread.keepAlive(this.making !== null || this.committing !== null);
  }

  /** The schemas of the log, where there are some that it does not know. */
  private newSchemas(): string | null {
    const { schemas } = this.parts;
    if (schemas.size === this.known) return null;
    this.known = schemas.size;
    return JSON.stringify(schemas);
  }

  private post(message: ToBatchThread, handOver: readonly ArrayBuffer[] = []): void {
    this.thread.post(message, handOver);
  }
}
