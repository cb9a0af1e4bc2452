import { availableOf, type StreamRecord } from "../../core/codec/record-batch.ts";
import type { Withdrawal } from "../../core/codec/withdrawals.ts";
import { nextTurn } from "../../core/next-turn.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { type Contribution, isVisible, levelStarts } from "../../core/tile/key-state.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { OnlineReader, Put } from "../../ports/online-store.ts";
import type { FoldedView } from "./folded-view.ts";
import type { CachedKey, KeyCache } from "./key-cache.ts";

/** Keys that are read, or records that are added, between two turns of the event loop. */
const READ = 1_000;
const ADDED = 2_000;

/** What of a key's changes needs more than its head: late records, and such as are withdrawn. */
interface Beyond {
  readonly key: CachedKey;
  readonly late: Contribution[];
  readonly removed: Contribution[];
}

/** What a batch of the log changes in one view: each key is read once and written once, whatever comes to it. */
export class ViewBatch {
  private readonly view: FoldedView;
  private readonly cache: KeyCache;
  private readonly batch: number;
  /** Records with a key: side by side they themselves, their stamps, and the keys that they change. */
  private readonly arrived: StreamRecord[] = [];
  private readonly stamps: Timestamp[] = [];
  private readonly keys: CachedKey[] = [];
  private readonly withdrawn: { readonly key: CachedKey; readonly record: Contribution }[] = [];
  private readonly missing: CachedKey[] = [];
  private readonly changed: CachedKey[] = [];

  constructor(view: FoldedView, cache: KeyCache, batch: number) {
    this.view = view;
    this.cache = cache;
    this.batch = batch;
  }

  /** Keys that are changed so far. */
  get size(): number {
    return this.changed.length;
  }

  records(records: readonly StreamRecord[], stamp: Timestamp): void {
    for (let i = 0; i < records.length; i++) {
      const record = records[i];
      const key = this.keyOf(record.row);
      if (key === null) continue;
      this.arrived.push(record);
      this.stamps.push(stamp + i);
      this.keys.push(key);
    }
  }

  withdrawals(withdrawals: readonly Withdrawal[]): void {
    const { online, state } = this.view;
    for (const { origin, target, row, event, available } of withdrawals) {
      // Of a load, only where the state has that load: one built later leaves out what was withdrawn before.
      if (origin !== "stream" && !(origin === "load" && target < online.loads)) continue;
      const key = this.keyOf(row);
      if (key !== null) this.withdrawn.push({ key, record: state.contribution(row, event, available) });
    }
  }

  /**
   * The changes that bring the view's keys to what they are as of the watermark.
   * @param committed resolves once the store has what the batch before changed
   */
  async apply(
    store: OnlineReader,
    watermark: Timestamp,
    changes: Put[],
    committed: () => Promise<void>,
  ): Promise<void> {
    if (this.changed.length === 0) return;
    // What the batch before changed is in the cache.
    await this.load(store);
    const beyond = await this.add(watermark);
    if (beyond.length > 0) await this.addBeyond(store, beyond, watermark, committed);
    await this.save(watermark, changes);
  }

  private keyOf(row: Row): CachedKey | null {
    const { state } = this.view;
    const name = state.nameOf(row);
    if (name === null) return null;
    let key = this.cache.get(name);
    if (key === undefined) key = this.cache.add(name, state.headOf(row)!, this.batch);
    if (key.batch !== this.batch) {
      key.batch = this.batch;
      this.changed.push(key);
      if (key.state === null) this.missing.push(key);
    }
    return key;
  }

  private async load(store: OnlineReader): Promise<void> {
    const { missing } = this;
    for (let from = 0; from < missing.length; from += READ) {
      if (from > 0) await nextTurn();
      const some = missing.slice(from, from + READ);
      await this.view.state.load(
        store,
        some.map(({ head }) => head),
        (i, state, bytes) => {
          some[i].state = state;
          this.cache.stored(some[i], bytes);
        },
      );
    }
  }

  /** Adds what goes into open tiles or waits; gives back the rest. */
  private async add(watermark: Timestamp): Promise<Beyond[]> {
    const { state } = this.view;
    const { layout } = state;
    const starts = levelStarts(layout, watermark);
    const beyond = new Map<CachedKey, Beyond>();
    const beyondOf = (key: CachedKey): Beyond => {
      let found = beyond.get(key);
      if (found === undefined) beyond.set(key, (found = { key, late: [], removed: [] }));
      return found;
    };
    // What waits may be due by now.
    for (const key of this.changed) if (key.state!.pending.length > 0) beyondOf(key);
    const { arrived, stamps, keys } = this;
    for (let i = 0; i < arrived.length; i++) {
      const { row, event } = arrived[i];
      const key = keys[i];
      const record = state.contribution(row, event, availableOf(event, stamps[i]));
      if (!isVisible(record, watermark)) key.state!.pending.push(record);
      else if (!key.state!.addVisible(layout, record, starts)) beyondOf(key).late.push(record);
      if (i % ADDED === ADDED - 1) await nextTurn();
    }
    // What is withdrawn came before, here or in an earlier batch.
    for (const { key, record } of this.withdrawn) beyondOf(key).removed.push(record);
    return [...beyond.values()];
  }

  private async addBeyond(
    store: OnlineReader,
    beyond: readonly Beyond[],
    watermark: Timestamp,
    committed: () => Promise<void>,
  ): Promise<void> {
    const { state: view } = this.view;
    const wanted = beyond.flatMap(({ key: { head, state }, late, removed }) =>
      state!
        .blocksWanted(view.layout, [...late, ...removed], watermark)
        .map((block) => ({ head, state: state!, ...block })),
    );
    if (wanted.length > 0) {
      // Closed blocks are not kept in memory: those that the batch before wrote must be there first.
      await committed();
      await view.loadBlocks(store, wanted);
    }
    for (const { key, late, removed } of beyond) {
      key.state!.add(view.layout, late, watermark);
      for (const record of removed) key.state!.remove(view.layout, record, watermark);
    }
  }

  private async save(watermark: Timestamp, changes: Put[]): Promise<void> {
    const { state } = this.view;
    const starts = levelStarts(state.layout, watermark);
    let saved = 0;
    for (const key of this.changed) {
      const bytes = state.save(key.head, key.state!, starts, key.stored > 0, changes);
      this.cache.stored(key, bytes);
      if (++saved % READ === 0) await nextTurn();
    }
  }
}
