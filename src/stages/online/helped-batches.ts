import type { StartSideThread } from "../../ports/side-thread.ts";
import type { BatchMaker, MadeBatch, MakerParts, Since } from "./batch-maker.ts";
import type { FollowedView } from "./folded-view.ts";
import { LocalBatches } from "./local-batches.ts";
import type { Portion } from "./portion.ts";
import { ThreadBatches } from "./thread-batches.ts";

/** From so many records on that a process has folded: a store that is used little needs no thread for it. */
const THREAD_FROM = 10_000;

/** A thread that the fold may have. */
export interface FoldThread {
  readonly start: StartSideThread;
  /** How many records are folded before it is started. Default 10,000. */
  readonly from?: number | undefined;
  /**
   * Of the online store, where the thread can open it: it then reads and commits for itself. Default: it asks for what it
   * is to read, and what it made is committed here.
   */
  readonly folder?: string | undefined;
}

/** Makes batches here, and once there were many records, in a thread beside; here again, should that end. */
export class HelpedBatches implements BatchMaker {
  private readonly parts: MakerParts;
  private readonly offered: FoldThread;
  private views: readonly FollowedView[] = [];
  private maker: BatchMaker;
  private thread: ThreadBatches | null = null;
  private records = 0;
  /** Settles as the commit of the last batch does. */
  private committed: Promise<void> = Promise.resolve();

  constructor(parts: MakerParts, offered: FoldThread) {
    this.parts = parts;
    this.offered = offered;
    this.maker = new LocalBatches(parts);
  }

  follow(views: readonly FollowedView[]): void {
    this.views = views;
    this.maker.follow(views);
    this.committed = Promise.resolve();
  }

  async make(portion: Portion | null, since: Since): Promise<MadeBatch> {
    if (portion !== null) {
      await this.choose();
      this.records += portion.records;
    }
    const made = await this.maker.make(portion, since);
    this.committed = made.committed;
    return made;
  }

  /** Gives the thread up; what follows has another started. */
  async close(): Promise<void> {
    const { thread } = this;
    if (thread === null) return;
    this.thread = null;
    if (this.maker === thread) this.beHere();
    await thread.close();
  }

  /** Between two portions, as a maker keeps to itself what is left of one. */
  private async choose(): Promise<void> {
    const { start, from = THREAD_FROM, folder } = this.offered;
    if (this.thread === null && this.records >= from)
      this.thread = new ThreadBatches(this.parts, start, folder ?? null);
    const isThere = this.thread?.state === "there";
    const isOver = this.thread?.state === "over";
    if (this.maker === this.thread ? !isOver : !isThere) return;
    // It begins with nothing in memory: it must find in the store what the other had.
    await this.committed;
    if (isOver) return this.beHere();
    this.maker = this.thread!;
    this.maker.follow(this.views);
  }

  private beHere(): void {
    this.maker = new LocalBatches(this.parts);
    this.maker.follow(this.views);
  }
}
