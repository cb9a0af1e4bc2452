import { ByteReader, ByteWriter } from "../../core/codec/bytes.ts";
import { blockKey, entityKeyEncoder, headKey, keyColumns } from "../../core/codec/online-keys.ts";
import type { AggregateViewDefinition } from "../../core/definition/data.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import { type Contribution, KeyState } from "../../core/tile/key-state.ts";
import { decodeBlock, decodeHead, encodeBlock, encodeHead } from "../../core/tile/key-state-codec.ts";
import { compileContributions, layoutOf, type ViewLayout } from "../../core/tile/view-layout.ts";
import { recordOrder } from "../../core/tile/record-order.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";

/** A record on its way into the state of a key. */
export interface KeyedContribution extends Contribution {
  readonly entity: Uint8Array;
}

/** The online state of an aggregate view: from records to the bytes under its keys. */
export class ViewState {
  readonly layout: ViewLayout;
  readonly state: number;
  private readonly encodeKey: (row: Row) => Uint8Array | null;
  private readonly contributions: (row: Row, event: Timestamp) => Contribution["values"];
  private readonly order: ReturnType<typeof recordOrder> | null;
  private readonly writer = new ByteWriter();

  constructor(view: AggregateViewDefinition, keys: Fields, source: Fields, state: number) {
    this.layout = layoutOf(view, source);
    this.state = state;
    const encode = entityKeyEncoder(keys);
    const columns = keyColumns(view.keys);
    this.encodeKey = (row) => encode(columns(row));
    this.contributions = compileContributions(this.layout, source);
    this.order = this.layout.orderColumns === null ? null : recordOrder(this.layout, source);
  }

  /** What a record contributes to which key; null where a key of it is null. */
  contribution(row: Row, event: Timestamp, available: Timestamp): KeyedContribution | null {
    const entity = this.encodeKey(row);
    if (entity === null) return null;
    const values = this.contributions(row, event);
    if (this.order === null) return { entity, event, available, values };
    return { entity, event, available, values, order: this.order(row, event, available) };
  }

  /** Reads the head records of keys; a key without one is empty. */
  async load(store: OnlineStore, entities: readonly Uint8Array[]): Promise<KeyState[]> {
    const states: KeyState[] = [];
    await store.read(
      entities.map((entity) => headKey(this.state, entity)),
      (_, bytes) =>
        states.push(bytes === undefined ? KeyState.empty(this.layout) : decodeHead(this.layout, new ByteReader(bytes))),
      { verify: true },
    );
    return states;
  }

  /** Reads closed blocks into the states of their keys. */
  async loadBlocks(
    store: OnlineStore,
    wanted: readonly {
      readonly entity: Uint8Array;
      readonly state: KeyState;
      readonly level: number;
      readonly block: number;
    }[],
  ): Promise<void> {
    await store.read(
      wanted.map(({ entity, level, block }) => blockKey(this.state, entity, level, block)),
      (i, bytes) => {
        const { state, level, block } = wanted[i];
        const tiles = bytes === undefined ? new Map() : decodeBlock(this.layout, level, block, new ByteReader(bytes));
        state.levels[level].loaded.set(block, { tiles, dirty: false });
      },
      { verify: true },
    );
  }

  /** The changes that bring a key's bytes to its state, which is trimmed to the watermark and keeps no closed block. */
  save(entity: Uint8Array, state: KeyState, watermark: Timestamp, changes: Put[]): void {
    const { layout, writer } = this;
    state.trim(layout, watermark);
    writer.reset();
    encodeHead(layout, state, writer);
    changes.push([headKey(this.state, entity), writer.finish()]);
    state.levels.forEach((level, l) => {
      for (const [block, { tiles, dirty }] of level.loaded)
        if (dirty) {
          writer.reset();
          encodeBlock(layout, l, block, tiles, writer);
          changes.push([blockKey(this.state, entity, l, block), writer.finish()]);
        }
      for (const block of level.dropped) changes.push([blockKey(this.state, entity, l, block), null]);
      level.loaded.clear();
      level.dropped.length = 0;
    });
  }
}

/** Entity keys as map keys. */
export function keyText(entity: Uint8Array): string {
  let text = "";
  for (const byte of entity) text += String.fromCharCode(byte);
  return text;
}
