import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Put } from "../../ports/online-store.ts";
import { assert } from "../../core/assert.ts";
import type { BatchMaker, MadeBatch, MakerParts } from "./batch-maker.ts";
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

  constructor(parts: MakerParts) {
    this.parts = parts;
  }

  follow(views: readonly FollowedView[]): void {
    this.views = views.map(foldedView);
    this.caches.clear();
    for (const { state } of this.views) this.caches.set(state.state, new KeyCache());
    this.rest = null;
  }

  async make(portion: Portion | null, watermark: Timestamp, committed: () => Promise<void>): Promise<MadeBatch> {
    if (portion !== null) this.rest = new PortionReader(portion);
    const { rest, caches } = this;
    assert(rest !== null, "there is something left to make a batch of");
    const { store, schemas, limits } = this.parts;
    const batch = new LogBatch(this.views, ({ state }) => caches.get(state.state)!, ++this.number, schemas, limits);
    while (!rest.isDone && !batch.isFull) batch.take(rest.take());
    const asOf = Math.max(watermark, batch.lastStamp + 1);
    const changes: Put[] = [];
    for (const view of batch.views) await view.apply(store, asOf, changes, committed);
    for (const cache of caches.values()) cache.trim(limits.cached / caches.size, this.number);
    return { changes, end: batch.end, watermark: asOf, isMore: !rest.isDone };
  }

  async close(): Promise<void> {}
}
