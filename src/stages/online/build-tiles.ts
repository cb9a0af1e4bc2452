import type { BuildingView } from "../../core/codec/online-meta.ts";
import { AsofError } from "../../core/errors.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import { rowAt } from "../../core/schema/column.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT } from "../../core/schema/system-columns.ts";
import { type Contribution, KeyState, levelStarts } from "../../core/tile/key-state.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";
import type { History } from "./history.ts";
import type { KeyName } from "./key-cache.ts";
import type { AggregateTarget } from "./materializable-view.ts";
import { ViewState } from "./view-state.ts";
import { COMMIT_KEYS, type Counted, sizeOf } from "./written-state.ts";

/**
 * Builds the state of an aggregate view from records of history, key by key. `progressed` is given the place up to
 * which all is committed; a state that is begun from there goes on behind it.
 */
export async function buildTiles(
  { store, history }: { readonly store: OnlineStore; readonly history: History },
  { view, keys, source }: AggregateTarget,
  begun: BuildingView,
  progressed: (after: string) => Promise<void>,
  options: WorkOptions,
  counted: Counted,
): Promise<void> {
  const state = new ViewState(view, keys, source.fields, begun.state);
  const starts = levelStarts(state.layout, begun.t);
  const since = Math.min(...starts);
  const { columns: read, orderColumns } = state.layout;
  const columns = [...new Set([...Object.values(view.keys), ...read, ...(orderColumns ?? [])])];
  let group: { name: KeyName; head: Uint8Array; row: Row; records: Contribution[] } | null = null;
  let changes: Put[] = [];
  let written = 0;
  let last: Row | null = null;
  const flush = async (): Promise<void> => {
    if (group !== null) {
      const key = KeyState.empty(state.layout);
      key.add(state.layout, group.records, begun.t);
      if (state.save(group.head, key, starts, false, changes) > 0) counted.keys++;
      last = group.row;
      written++;
    }
    if (written < COMMIT_KEYS && group !== null) return;
    counted.bytes += sizeOf(changes);
    await store.commit(changes);
    changes = [];
    written = 0;
    if (last !== null) await progressed(formatPlace(keysOf(view.keys, last)));
  };
  const range = { cut: begun.loads, since, after: begun.after === null ? null : parsePlace(begun.after) };
  for await (const batch of history.keyed(view, columns, range, options.signal)) {
    const events = batch.columns[EVENT].values as Float64Array;
    const available = batch.columns[AVAILABLE].values as Float64Array;
    for (let i = 0; i < batch.rows; i++) {
      const row = rowAt(batch, i);
      const name = state.nameOf(row);
      if (name === null) continue;
      if (group === null || !Object.is(group.name, name)) {
        if (group !== null) await flush();
        group = { name, head: state.headOf(row)!, row, records: [] };
      }
      group.records.push(state.contribution(row, events[i], available[i]));
      counted.records++;
    }
    options.onProgress?.({ phase: `materialize ${begun.name}`, done: counted.records, total: null, unit: "rows" });
  }
  if (group !== null) await flush();
  group = null;
  await flush();
}

function keysOf(keys: Readonly<Record<string, string>>, row: Row): Row {
  return Object.fromEntries(Object.values(keys).map((field) => [field, row[field]]));
}

/** JSON in which an int64 is `{ "int64": "…" }`. */
function formatPlace(keys: Row): string {
  return JSON.stringify(keys, (_, value: unknown) => (typeof value === "bigint" ? { int64: String(value) } : value));
}

function parsePlace(text: string): Row {
  try {
    return JSON.parse(text, (_, value: unknown) =>
      typeof value === "object" && value !== null && "int64" in value ? BigInt(value.int64 as string) : value,
    ) as Row;
  } catch (cause) {
    throw new AsofError("ASOF_CORRUPT", "the note of how far a view is built is damaged", { part: "online" }, cause);
  }
}
