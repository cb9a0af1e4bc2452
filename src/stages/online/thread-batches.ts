import { AsofError } from "../../core/errors.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { SideThread, StartSideThread } from "../../ports/side-thread.ts";
import { type BatchMaker, type MadeBatch, type MakerParts, postedError, receivedError } from "./batch-maker.ts";
import type { FromBatchThread, ToBatchThread } from "./batch-thread.ts";
import type { FollowedView } from "./folded-view.ts";
import { type Packed, packPieces, unpackChanges, unpackPieces } from "./packed-bytes.ts";
import type { Portion } from "./portion.ts";

/** What was being made is lost; whoever goes on must do so from what is committed. */
export class ThreadEnded extends AsofError {
  constructor(cause?: unknown) {
    super("ASOF_INTERNAL", "the thread that folds the log ended", {}, cause);
  }
}

/** Makes batches in another thread: this one reads the log and the store for it, and is free while it reckons. */
export class ThreadBatches implements BatchMaker {
  private readonly parts: MakerParts;
  private readonly thread: SideThread;
  /** How many schemas of the log it knows. */
  private known = 0;
  private making: PromiseWithResolvers<MadeBatch> | null = null;
  private committed: () => Promise<void> = () => Promise.resolve();

  /** It takes a moment to be there. */
  state: "starting" | "there" | "over" = "starting";

  constructor(parts: MakerParts, start: StartSideThread) {
    this.parts = parts;
    this.thread = start(
      (message) => this.hear(message as FromBatchThread),
      (cause) => {
        this.state = "over";
        this.done(({ reject }) => reject(new ThreadEnded(cause)));
      },
    );
    this.post({ kind: "open", limits: parts.limits });
  }

  follow(views: readonly FollowedView[]): void {
    const plain = views.map(({ source, online, definition, keys }) => ({ source, online, definition, keys }));
    this.post({ kind: "follow", views: plain, schemas: this.newSchemas() });
  }

  make(portion: Portion | null, watermark: Timestamp, committed: () => Promise<void>): Promise<MadeBatch> {
    if (this.state === "over") return Promise.reject(new ThreadEnded());
    this.making = Promise.withResolvers();
    this.committed = committed;
    this.thread.keepAlive(true);
    const memory = portion === null ? [] : [portion.bytes.buffer];
    this.post({ kind: "make", portion, watermark, schemas: this.newSchemas() }, memory);
    return this.making.promise;
  }

  close(): Promise<void> {
    return this.thread.close();
  }

  private hear(told: FromBatchThread): void {
    switch (told.kind) {
      case "ready":
        this.state = "there";
        break;
      case "made": {
        const { end, watermark, isMore } = told;
        this.done(({ resolve }) => resolve({ changes: unpackChanges(told.changes), end, watermark, isMore }));
        break;
      }
      case "failed":
        this.done(({ reject }) => reject(receivedError(told.error)));
        break;
      case "read":
        this.answer(this.read(told.keys, told.verify));
        break;
      case "wait":
        this.answer(this.committed().then((): ToBatchThread => ({ kind: "committed" })));
    }
  }

  private async read(keys: Packed, verify: boolean): Promise<ToBatchThread> {
    const wanted = unpackPieces(keys) as Uint8Array[];
    const found: (Uint8Array | null)[] = [];
    const visit = (_: number, value: Uint8Array | undefined): void =>
      void found.push(value === undefined ? null : new Uint8Array(value));
    await this.parts.store.read(wanted, visit, { verify });
    return { kind: "found", values: packPieces(found) };
  }

  private answer(asked: Promise<ToBatchThread>): void {
    asked.then(
      (answer) => this.post(answer, answer.kind === "found" ? [answer.values.buffer] : []),
      (error: unknown) => this.post({ kind: "refused", error: postedError(error) }),
    );
  }

  private done(settle: (making: PromiseWithResolvers<MadeBatch>) => void): void {
    const { making } = this;
    if (making === null) return;
    this.making = null;
    this.thread.keepAlive(false);
    settle(making);
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
