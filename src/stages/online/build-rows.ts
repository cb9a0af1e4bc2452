import { type BatchRow, decodeBatchRows, encodeBatchRows, keepVersions } from "../../core/codec/batch-rows.ts";
import { ByteReader, ByteWriter } from "../../core/codec/bytes.ts";
import { entityKeyEncoder, headKey } from "../../core/codec/online-keys.ts";
import type { BuildingView } from "../../core/codec/online-meta.ts";
import { rowCodec } from "../../core/codec/row-codec.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";
import type { History } from "./history.ts";
import type { BatchTarget } from "./materializable-view.ts";
import { keyText } from "./view-state.ts";
import { COMMIT_KEYS, type Counted, sizeOf } from "./written-state.ts";

/** From what, and into what. */
interface Stores {
  readonly store: OnlineStore;
  readonly history: History;
}

/** Computations in [from, cut), as what of them counts at a watermark or may later, in a state. */
interface Range {
  readonly state: number;
  readonly from: LogPosition;
  readonly cut: LogPosition;
  readonly watermark: Timestamp;
}

/** Builds the state of a batch view from all of its computations. */
export async function buildRows(
  stores: Stores,
  view: BatchTarget,
  begun: BuildingView,
  options: WorkOptions,
  counted: Counted,
): Promise<void> {
  const range = { state: begun.state, from: 0, cut: begun.loads, watermark: begun.t };
  let changes: Put[] = [];
  for await (const put of rowsByKey(stores, view, range, options, counted)) {
    changes.push(put);
    if (changes.length < COMMIT_KEYS) continue;
    await stores.store.commit(changes);
    changes = [];
  }
  await stores.store.commit(changes);
}

/** The rows of computations in a range, merged key by key with what the state has. */
export async function* rowsByKey(
  { store, history }: Stores,
  { view, keys }: BatchTarget,
  range: Range,
  options: WorkOptions,
  counted: Counted,
): AsyncGenerator<Put> {
  const { state, watermark } = range;
  const encodeKey = entityKeyEncoder(keys);
  const codec = rowCodec(view.features);
  const writer = new ByteWriter();
  let entity: Uint8Array | null = null;
  let text = "";
  let rows: BatchRow[] = [];
  const merged = async (key: Uint8Array): Promise<Put> => {
    let present: BatchRow[] = [];
    if (range.from > 0)
      await store.read(
        [headKey(state, key)],
        (_, bytes) => {
          if (bytes !== undefined) present = decodeBatchRows(new ByteReader(bytes), codec);
        },
        { verify: true },
      );
    writer.reset();
    encodeBatchRows(writer, codec, keepVersions([...present, ...rows], watermark));
    counted.keys++;
    const put: Put = [headKey(state, key), writer.finish()];
    counted.bytes += sizeOf([put]);
    return put;
  };
  for await (const { keys: ofRow, row } of history.batchRows(view, range, options.signal)) {
    const next = encodeKey((name) => ofRow[name]);
    if (next === null) continue;
    const nextText = keyText(next);
    if (entity !== null && nextText !== text) {
      yield await merged(entity);
      rows = [];
    }
    entity = next;
    text = nextText;
    rows.push(row);
    if (++counted.records % 10_000 === 0)
      options.onProgress?.({ phase: `materialize ${view.name}`, done: counted.records, total: null, unit: "rows" });
  }
  if (entity !== null) yield await merged(entity);
}
