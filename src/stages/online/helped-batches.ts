import type { Timestamp } from "../../core/time/timestamp.ts";
import type { StartSideThread } from "../../ports/side-thread.ts";
import type { BatchMaker, MadeBatch, MakerParts } from "./batch-maker.ts";
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
}

/** Makes batches here, and once there were many records, in a thread beside; here again, should that end. */
export class HelpedBatches implements BatchMaker {
  private readonly parts: MakerParts;
  private readonly offered: FoldThread;
  private views: readonly FollowedView[] = [];
  private maker: BatchMaker;
  private thread: ThreadBatches | null = null;
  private records = 0;

  constructor(parts: MakerParts, offered: FoldThread) {
    this.parts = parts;
    this.offered = offered;
    this.maker = new LocalBatches(parts);
  }

  follow(views: readonly FollowedView[]): void {
    this.views = views;
    this.maker.follow(views);
  }

  async make(portion: Portion | null, watermark: Timestamp, committed: () => Promise<void>): Promise<MadeBatch> {
    if (portion !== null) {
      await this.choose(committed);
      this.records += portion.records;
    }
    return this.maker.make(portion, watermark, committed);
  }

  async close(): Promise<void> {
    await this.thread?.close();
  }

  /** Between two portions, as a maker keeps to itself what is left of one. */
  private async choose(committed: () => Promise<void>): Promise<void> {
    if (this.thread === null && this.records >= (this.offered.from ?? THREAD_FROM))
      this.thread = new ThreadBatches(this.parts, this.offered.start);
    const next = this.thread?.state === "there" ? this.thread : this.maker;
    const isOver = this.thread?.state === "over" && this.maker === this.thread;
    if (next === this.maker && !isOver) return;
    // It begins with nothing in memory: it must find in the store what the other had.
    await committed();
    this.maker = isOver ? new LocalBatches(this.parts) : next;
    this.maker.follow(this.views);
  }
}
