import { assert } from "../../core/assert.ts";
import type { Put } from "../../ports/online-store.ts";
import type { BatchMaker, MadeBatch, MakerParts, Since } from "./batch-maker.ts";
import { type FoldedView, foldedView, type FollowedView } from "./folded-view.ts";
import { KeyCache } from "./key-cache.ts";
import { LogBatch } from "./log-batch.ts";
import { type Portion, PortionReader } from "./portion.ts";

/** Makes batches in the thread that it is in. */
export class LocalBatches implements BatchMaker {
  private readonly parts: MakerParts;
  private views: readonly FoldedView[] = [];
  private readonly caches = new Map<number, KeyCache>();
  private number = 0;
  private rest: PortionReader | null = null;
  /** Settles as the commit of the last batch does. */
  private committed: Promise<void> = Promise.resolve();

  constructor(parts: MakerParts) {
    this.parts = parts;
  }

  follow(views: readonly FollowedView[]): void {
    this.views = views.map(foldedView);
    this.caches.clear();
    for (const { state } of this.views) this.caches.set(state.state, new KeyCache());
    this.rest = null;
    this.committed = Promise.resolve();
  }

  async make(portion: Portion | null, { watermark, views }: Since): Promise<MadeBatch> {
    if (portion !== null) this.rest = new PortionReader(portion);
    const { rest, caches } = this;
    assert(rest !== null, "there is something left to make a batch of");
    const { store, schemas, limits } = this.parts;
    const batch = new LogBatch(this.views, ({ state }) => caches.get(state.state)!, ++this.number, schemas, limits);
    while (!rest.isDone && !batch.isFull) batch.take(rest.take());
    const asOf = Math.max(watermark, batch.lastStamp + 1);
    const changes: Put[] = [];
    for (const view of batch.views) await view.apply(store, asOf, changes, () => this.committed);
    for (const cache of caches.values()) cache.trim(limits.cached / caches.size, this.number);
    await this.committed;
    const committed = this.parts.commit({ changes, end: batch.end, watermark: asOf, views });
    // Told when it is awaited.
    committed.catch(() => {});
    this.committed = committed;
    return { end: batch.end, watermark: asOf, isMore: !rest.isDone, committed };
  }

  async close(): Promise<void> {}
}
