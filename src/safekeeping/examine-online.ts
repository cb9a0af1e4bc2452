import path from "node:path";
import { walkOnline } from "../adapters/lmdb/check-data-file.ts";
import { examineLmdb } from "../adapters/lmdb/examine-lmdb.ts";
import { openLmdb } from "../adapters/lmdb/open-lmdb.ts";
import { decodeBatchRows } from "../core/codec/batch-rows.ts";
import { ByteReader } from "../core/codec/bytes.ts";
import { decodeIdentity, decodeIndexed, decodeStoredRequest } from "../core/codec/identity-codec.ts";
import { entryOfKey } from "../core/codec/identity-keys.ts";
import {
  encodeMeta,
  encodeViews,
  decodeMeta,
  decodeViews,
  noViews,
  type OnlineViews,
} from "../core/codec/online-meta.ts";
import { META_KEY, stateOfKey, statePrefix, VIEWS_KEY } from "../core/codec/online-keys.ts";
import { rowCodec } from "../core/codec/row-codec.ts";
import { AsofError } from "../core/errors.ts";
import { checkInterrupted } from "../core/interruption.ts";
import type { WorkOptions } from "../core/result/progress.ts";
import { decodeBlock, decodeHead } from "../core/tile/key-state-codec.ts";
import { layoutOf } from "../core/tile/view-layout.ts";
import type { LogPosition } from "../ports/event-log.ts";
import type { MaterializableView } from "../stages/online/materializable-view.ts";
import { FIX, type Findings, RESTORE } from "./findings.ts";

export interface OnlineExamination extends WorkOptions {
  readonly home: string;
  /** The views as they are defined, which say how to read their states. */
  readonly views: readonly MaterializableView[];
  readonly isWritten: boolean;
}

export interface ExaminedOnline {
  readonly entries: number;
  readonly bytes: number;
  /** Up to where the log is folded, and up to where it is in the index of ids; null where that cannot be read. */
  readonly position: LogPosition | null;
  readonly identities: LogPosition | null;
}

/** How one entry is read; throws where it cannot be. */
type Decode = (key: Uint8Array, value: Uint8Array) => void;

/** Reads every entry of the online store as serving and folding would. */
export async function examineOnline(
  { home, views, isWritten, signal, onProgress }: OnlineExamination,
  findings: Findings,
): Promise<ExaminedOnline> {
  const folder = path.join(home, "online");
  const examined = { entries: 0, bytes: 0, position: null as LogPosition | null, identities: 0 as LogPosition | null };
  try {
    // In a process of its own, which a damaged page may take down.
    walkOnline(folder);
  } catch (error) {
    findings.caught(error, "online", folder, REBUILD);
    return { ...examined, identities: null };
  }
  try {
    let record: OnlineViews = noViews;
    const decoders = new Map<number, Decode>();
    const damaged = new Map<string, { entries: number; state: number | null; why: string }>();
    let isSound = true;
    const take = (name: string, state: number | null, decode: () => void): void => {
      try {
        if (!isSound) throw new AsofError("ASOF_CORRUPT", "its checksum does not match");
        decode();
      } catch (error) {
        const known = damaged.get(name);
        const why = error instanceof Error ? error.message : String(error);
        if (known === undefined) damaged.set(name, { entries: 1, state, why });
        else known.entries++;
      }
    };
    const nameOf = (state: number): string | null =>
      [...record.views, ...record.building].find((one) => one.state === state)?.name ?? null;
    const unknown = new Set<number>();
    // Keys ascend, so the record of views comes before the states.
    for await (const { key, value, sound } of examineLmdb(folder)) {
      isSound = sound;
      if (++examined.entries % 10_000 === 0) {
        checkInterrupted(signal);
        onProgress?.({ phase: "online store", done: examined.entries, total: null, unit: "keys" });
      }
      examined.bytes += key.length + value.length;
      if (key[0] === 0)
        take("the record of the online store", null, () => {
          if (key[1] === META_KEY[1]) examined.position = decodeMeta(value).position;
          else if (key[1] === VIEWS_KEY[1]) {
            record = decodeViews(value);
            for (const [state, decode] of statesOf(record, views)) decoders.set(state, decode);
          }
        });
      else if (key[0] === 1) {
        let state: number | null = null;
        // A key tells its state, whatever has become of its value.
        isSound = true;
        take("a key of the online store", null, () => void ({ state } = stateOfKey(key)));
        isSound = sound;
        if (state === null) continue;
        const name = nameOf(state);
        // What is to be removed is no damage, and is removed when the store is opened next.
        if (record.removed?.includes(state)) continue;
        if (name === null) unknown.add(state);
        else take(name, state, () => decoders.get(state!)?.(key, value));
      } else
        take("the index of ids", null, () => {
          const entry = entryOfKey(key);
          if (entry === "position") examined.identities = decodeIndexed(value);
          else if (entry === "record") decodeIdentity(value);
          else if (entry === "request") decodeStoredRequest(value);
        });
    }
    for (const [name, { entries, state, why }] of damaged)
      findings.add(
        {
          part: "online",
          code: "ASOF_CORRUPT",
          what: `${name}: ${entries} ${entries === 1 ? "entry" : "entries"} cannot be read: ${why}`,
          file: folder,
          remedy:
            state === null
              ? RESTORE
              : `Run \`asof doctor --fix\`, which takes the view out of the online store, then \`asof materialize ${name}\`.`,
        },
        state === null ? null : () => takeOut(folder, state),
      );
    if (!isWritten)
      for (const state of unknown)
        findings.add(
          {
            part: "leftovers",
            code: "ASOF_CORRUPT",
            what: `the online store holds state ${state}, which no view has`,
            file: folder,
            remedy: FIX,
          },
          () => takeOut(folder, state),
        );
    return examined;
  } catch (error) {
    findings.caught(error, "online", folder, REBUILD);
    return examined;
  }
}

const REBUILD = "Move `online` out of the home, then run `asof materialize`: ids are found again in the offline store.";

function statesOf(record: OnlineViews, views: readonly MaterializableView[]): [number, Decode][] {
  return [...record.views, ...record.building].flatMap(({ state, fingerprint }): [number, Decode][] => {
    const found = views.find((one) => one.fingerprint === fingerprint);
    if (found === undefined) return [];
    if (!("source" in found)) {
      const codec = rowCodec(found.view.features);
      return [[state, (_, value) => void decodeBatchRows(new ByteReader(value), codec)]];
    }
    const layout = layoutOf(found.view, found.source.fields);
    const decode: Decode = (key, value) => {
      const place = stateOfKey(key).block;
      if (place === null) decodeHead(layout, new ByteReader(value));
      else decodeBlock(layout, place.level, place.block, new ByteReader(value));
    };
    return [[state, decode]];
  });
}

/** Takes a state out, in one commit; the view is not online until it is materialized again. */
async function takeOut(folder: string, state: number): Promise<void> {
  const store = await openLmdb(folder);
  try {
    let [meta, record] = [null as ReturnType<typeof decodeMeta> | null, noViews];
    await store.read([META_KEY, VIEWS_KEY], (i, bytes) => {
      if (bytes === undefined) return;
      if (i === 0) meta = decodeMeta(bytes);
      else record = decodeViews(bytes);
    });
    const isOther = (one: { readonly state: number }): boolean => one.state !== state;
    const next: OnlineViews = {
      ...record,
      version: record.version + 1,
      views: record.views.filter(isOther),
      building: record.building.filter(isOther),
    };
    const { position, watermark } = meta ?? { position: 0, watermark: Number.MIN_SAFE_INTEGER };
    if (meta === null && record.views.length > 0)
      throw new AsofError("ASOF_CORRUPT", "the record of the online store is gone");
    await store.commit([
      [VIEWS_KEY, encodeViews(next)],
      [META_KEY, encodeMeta({ position, watermark, views: next.version })],
    ]);
    await store.clear(statePrefix(state));
    await store.flushed();
  } finally {
    await store.close();
  }
}
