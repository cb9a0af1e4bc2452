import { ByteReader, ByteWriter, PIECE } from "../../core/codec/bytes.ts";
import { blockKey, entityKeyEncoder, entityOfHead, headKey, keyColumns } from "../../core/codec/online-keys.ts";
import type { AggregateViewDefinition } from "../../core/definition/data.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import { type Contribution, KeyState } from "../../core/tile/key-state.ts";
import { decodeBlock, decodeHead, encodeBlock, encodeHead } from "../../core/tile/key-state-codec.ts";
import { compileContributions, layoutOf, type ViewLayout } from "../../core/tile/view-layout.ts";
import { recordOrder } from "../../core/tile/record-order.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { OnlineReader, Put } from "../../ports/online-store.ts";
import type { KeyName } from "./key-cache.ts";

/** The online state of an aggregate view: from records to the bytes under its keys. */
export class ViewState {
  readonly layout: ViewLayout;
  readonly state: number;
  private readonly encodeKey: (row: Row) => Uint8Array | null;
  private readonly columns: readonly string[];
  private readonly contributions: (row: Row, event: Timestamp) => Contribution["values"];
  private readonly order: ReturnType<typeof recordOrder> | null;
  private readonly writer = new ByteWriter(PIECE);

  constructor(view: AggregateViewDefinition, keys: Fields, source: Fields, state: number) {
    this.layout = layoutOf(view, source);
    this.state = state;
    const encode = entityKeyEncoder(keys);
    const columns = keyColumns(view.keys);
    this.encodeKey = (row) => encode(columns(row));
    this.columns = Object.keys(keys).map((key) => view.keys[key]);
    this.contributions = compileContributions(this.layout, source);
    this.order = this.layout.orderColumns === null ? null : recordOrder(this.layout, source);
  }

  /** The name of a record's key among all keys of the view; null where a key of it is null. */
  nameOf(row: Row): KeyName | null {
    const { columns } = this;
    if (columns.length === 1) return row[columns[0]];
    let name = "";
    for (const column of columns) {
      const value = row[column];
      if (value === null) return null;
      // Told apart by their lengths: no two keys have the same name.
      name += typeof value === "string" ? `${value.length}:${value}` : `${value},`;
    }
    return name;
  }

  /** The key of the head record of a record's key; null where a key of it is null. */
  headOf(row: Row): Uint8Array | null {
    const entity = this.encodeKey(row);
    return entity === null ? null : headKey(this.state, entity);
  }

  /** What a record contributes to whatever key it has. */
  contribution(row: Row, event: Timestamp, available: Timestamp): Contribution {
    const values = this.contributions(row, event);
    if (this.order === null) return { event, available, values };
    return { event, available, values, order: this.order(row, event, available) };
  }

  /** Reads head records, in the order of their keys; a key without one is empty. */
  async load(
    store: OnlineReader,
    heads: readonly Uint8Array[],
    take: (index: number, state: KeyState, bytes: number) => void,
  ): Promise<void> {
    const { layout } = this;
    const input = new ByteReader(new Uint8Array(0));
    const read = store.read(
      heads,
      (i, bytes) => {
        if (bytes === undefined) return take(i, KeyState.empty(layout), 0);
        input.reset(bytes);
        take(i, decodeHead(layout, input), bytes.length);
      },
      { verify: true },
    );
    if (read !== undefined) await read;
  }

  /** Reads closed blocks into the states of their keys. */
  async loadBlocks(
    store: OnlineReader,
    wanted: readonly {
      readonly head: Uint8Array;
      readonly state: KeyState;
      readonly level: number;
      readonly block: number;
    }[],
  ): Promise<void> {
    await store.read(
      wanted.map(({ head, level, block }) => blockKey(this.state, entityOfHead(head), level, block)),
      (i, bytes) => {
        const { state, level, block } = wanted[i];
        const tiles = bytes === undefined ? new Map() : decodeBlock(this.layout, level, block, new ByteReader(bytes));
        state.levels[level].loaded.set(block, { tiles, dirty: false });
      },
      { verify: true },
    );
  }

  /**
   * The changes that bring a key's bytes to its state, which is trimmed to the watermark and keeps no closed block. A
   * state with nothing left is not stored. Returns the bytes of the head record, 0 where there is none any more.
   * @param head the key of the head record
   * @param starts `levelStarts` at the watermark
   * @param isStored whether there is a head record in the store
   */
  save(head: Uint8Array, state: KeyState, starts: readonly number[], isStored: boolean, changes: Put[]): number {
    const { layout, writer } = this;
    state.trim(layout, starts);
    let bytes: Uint8Array | null = null;
    if (!state.isEmpty()) {
      // What failed midway is not the beginning of this.
      writer.reset();
      encodeHead(layout, state, writer);
      bytes = writer.cut();
    }
    if (isStored || bytes !== null) changes.push([head, bytes]);
    for (let l = 0; l < state.levels.length; l++) {
      const level = state.levels[l];
      if (level.loaded.size === 0 && level.dropped.length === 0) continue;
      const entity = entityOfHead(head);
      for (const [block, { tiles, dirty }] of level.loaded)
        if (dirty) {
          writer.reset();
          encodeBlock(layout, l, block, tiles, writer);
          changes.push([blockKey(this.state, entity, l, block), writer.cut()]);
        }
      for (const block of level.dropped) changes.push([blockKey(this.state, entity, l, block), null]);
      level.loaded.clear();
      level.dropped.length = 0;
    }
    return bytes === null ? 0 : bytes.length;
  }
}

/** Entity keys as map keys. */
export function keyText(entity: Uint8Array): string {
  let text = "";
  for (const byte of entity) text += String.fromCharCode(byte);
  return text;
}
