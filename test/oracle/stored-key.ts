import { ByteReader, ByteWriter } from "../../src/core/codec/bytes.ts";
import type { FeatureValue } from "../../src/core/aggregation/feature-type.ts";
import type { Fields } from "../../src/core/schema/data-type.ts";
import type { OracleRecord } from "./naive.ts";
import { readFeatures } from "./read-features.ts";
import { type Contribution, KeyState, levelStarts } from "../../src/core/tile/key-state.ts";
import { decodeBlock, decodeHead, encodeBlock, encodeHead } from "../../src/core/tile/key-state-codec.ts";
import { blocksAt, type ReadingPlan, readingPlan } from "../../src/core/tile/reading-plan.ts";
import { StoredReading } from "../../src/core/tile/stored-reading.ts";
import { recordOrder } from "../../src/core/tile/record-order.ts";
import { compileContributions, type ViewLayout } from "../../src/core/tile/view-layout.ts";

/** What records contribute, as the online store has it. */
export function contributionsOf(layout: ViewLayout, fields: Fields): (record: OracleRecord) => Contribution {
  const values = compileContributions(layout, fields);
  const order = layout.orderColumns === null ? null : recordOrder(layout, fields);
  return ({ event, available, row }) => ({
    event,
    available,
    values: values(row, event),
    ...(order === null ? {} : { order: order(row, event, available) }),
  });
}

const HEAD = "head";
const blockName = (level: number, block: number): string => `${level}/${block}`;

/** What is stored of a key, as far as a read at some moment needs it. */
export interface FoundRecords {
  readonly head: Uint8Array | undefined;
  readonly blocks: readonly { readonly level: number; readonly block: number; readonly bytes: Uint8Array }[];
}

/** One key of an aggregate view that lives in bytes alone, as in an online store: each use reads them anew. */
export class StoredKey {
  readonly layout: ViewLayout;
  readonly bytes = new Map<string, Uint8Array>();
  private readonly plan: ReadingPlan;

  constructor(layout: ViewLayout) {
    this.layout = layout;
    this.plan = readingPlan(layout);
  }

  /** Adds a batch of records as of a watermark, and takes others away. */
  fold(records: readonly Contribution[], watermark: number, withdrawn: readonly Contribution[] = []): void {
    const { layout, bytes } = this;
    const state = this.head() ?? KeyState.empty(layout);
    const wanted = state.blocksWanted(layout, [...records, ...withdrawn], watermark);
    for (const { level, block } of wanted) this.loadBlock(state, level, block);
    state.add(layout, records, watermark);
    for (const record of withdrawn) state.remove(layout, record, watermark);
    state.trim(layout, levelStarts(layout, watermark));
    const out = new ByteWriter();
    encodeHead(layout, state, out);
    bytes.set(HEAD, out.finish());
    state.levels.forEach((level, l) => {
      for (const [block, { tiles, dirty }] of level.loaded) {
        if (!dirty) continue;
        out.reset();
        encodeBlock(layout, l, block, tiles, out);
        bytes.set(blockName(l, block), out.finish());
      }
      for (const block of level.dropped) bytes.delete(blockName(l, block));
    });
  }

  /** The features at t, which must not lie before the last watermark. */
  read(t: number): FeatureValue[] {
    const state = this.head();
    state?.levels.forEach((level, l) => {
      const { from, until } = blocksAt(this.plan, l, t);
      for (const block of level.closed) if (block >= from && block < until) this.loadBlock(state, l, block);
    });
    return readFeatures(this.layout, state, t);
  }

  /** The same without the states between, as serving reads. */
  readStored(t: number): FeatureValue[] {
    return this.readFound(t, this.find(t));
  }

  /** Some of the features, and the event time, as serving reads them for a service that uses no others. */
  readSome(t: number, wanted: readonly number[]): FeatureValue[] {
    const plan = readingPlan(this.layout, wanted);
    return this.readFound(t, this.find(t, plan), plan);
  }

  /** The records that reading at t needs: what a look-up in a store gives. */
  find(t: number, plan = this.plan): FoundRecords {
    const blocks: FoundRecords["blocks"][number][] = [];
    for (const level of this.layout.levels.keys()) {
      const { from, until } = blocksAt(plan, level, t);
      for (let block = from; block < until; block++) {
        const bytes = this.bytes.get(blockName(level, block));
        if (bytes !== undefined) blocks.push({ level, block, bytes });
      }
    }
    return { head: this.bytes.get(HEAD), blocks };
  }

  readFound(t: number, { head, blocks }: FoundRecords, plan = this.plan): FeatureValue[] {
    const reading = new StoredReading(plan, t);
    if (head !== undefined) reading.head(new ByteReader(head));
    for (const { level, block, bytes } of blocks) reading.block(level, block, new ByteReader(bytes));
    return reading.features();
  }

  head(): KeyState | null {
    const bytes = this.bytes.get(HEAD);
    return bytes === undefined ? null : decodeHead(this.layout, new ByteReader(bytes));
  }

  private loadBlock(state: KeyState, level: number, block: number): void {
    const bytes = this.bytes.get(blockName(level, block));
    if (bytes === undefined) throw new Error(`the head names a block ${blockName(level, block)} that is not stored`);
    const tiles = decodeBlock(this.layout, level, block, new ByteReader(bytes));
    state.levels[level].loaded.set(block, { tiles, dirty: false });
  }
}
