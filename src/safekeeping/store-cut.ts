import { link, mkdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { openFileLog } from "../adapters/file-log/open-file-log.ts";
import { PinnedLog } from "../adapters/file-log/pinned-log.ts";
import { digestedCopy } from "../adapters/folder/digested-copy.ts";
import { copyLmdb } from "../adapters/lmdb/copy-lmdb.ts";
import { openLmdb } from "../adapters/lmdb/open-lmdb.ts";
import { copyRegistry } from "../adapters/sqlite/copy-registry.ts";
import { openSqliteRegistry } from "../adapters/sqlite/open-sqlite-registry.ts";
import { decodeLoad } from "../core/codec/load-entry.ts";
import { decodeIndexed } from "../core/codec/identity-codec.ts";
import { IDENTITIES_KEY } from "../core/codec/identity-keys.ts";
import { META_KEY, VIEWS_KEY } from "../core/codec/online-keys.ts";
import { decodeMeta, decodeViews } from "../core/codec/online-meta.ts";
import { ENTRY } from "../core/codec/record-batch.ts";
import { AsofError } from "../core/errors.ts";
import { checkInterrupted } from "../core/interruption.ts";
import { HISTORY, MODELS } from "../core/plan/folders.ts";
import type { LogPosition } from "../ports/event-log.ts";
import type { ModelVersion, RegistryStore } from "../ports/registry-store.ts";

/** The store has changed while it was copied, so that what was copied does not fit together: to be tried again. */
export class Changed extends Error {}

/** One cut through a store in use: its log, online store and registry are copied, its other files are held fast. */
export interface StoreCut {
  readonly log: { readonly start: LogPosition; readonly end: LogPosition };
  readonly online: LogPosition;
  readonly revision: number;
  /** Of history, by paths within the store, and where they are. */
  readonly files: readonly { readonly file: string; readonly from: string; readonly bytes: number }[];
  readonly models: readonly { readonly file: string; readonly sha256: string }[];
  /** Of all files of the cut, as far as they are known. */
  readonly bytes: number;
  /** @throws Changed where a key was forgotten since it was begun */
  mustStand(): Promise<void>;
}

/** Takes a cut: copies log, online store and registry into `to`, and pins the files of history in `pins`. */
export async function cutThrough(
  home: string,
  pins: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<StoreCut> {
  const forgetting = await forgettingOf(home);
  if (forgetting.begun) throw await later("a key is being forgotten");
  await mkdir(pins, { recursive: true });
  const pinned = await PinnedLog.begin(path.join(home, "log"), path.join(pins, "log"));
  try {
    checkInterrupted(signal);
    // In this order: each is at least as new as the one before it, and the log reaches beyond all.
    await online(home, to);
    checkInterrupted(signal);
    copyRegistry(path.join(home, "registry.sqlite"), path.join(to, "registry.sqlite"));
    const known = await readRegistry(path.join(to, "registry.sqlite"));
    for (const { path: file } of known.files) await pin(home, pins, `${HISTORY}/${file}`);
    for (const { name, bytes } of await pinned.end())
      await digestedCopy(path.join(pins, "log", name), path.join(to, "log", name), { signal, length: bytes });
    const log = await readLog(path.join(to, "log"), known.applied);
    const listed = new Set(known.files.map((file) => file.path));
    const loaded = log.loads.filter((file) => !listed.has(file.path));
    for (const { path: file } of loaded) await pin(home, pins, `${HISTORY}/${file}`);
    const folded = await readOnline(path.join(to, "online"));
    const oldest = Math.min(folded.position, folded.identities, known.archived, known.applied);
    // What was dropped before it could be pinned.
    if (log.start > oldest) throw new Changed(`the log begins at ${log.start}, but is needed from ${oldest}`);
    const files = [...known.files, ...loaded].map(({ path: file, bytes }) => ({
      file: `${HISTORY}/${file}`,
      from: path.join(pins, HISTORY, file),
      bytes,
    }));
    const copied = await Promise.all(
      ["registry.sqlite", "online/data.mdb"].map(async (file) => (await stat(path.join(to, file))).size),
    );
    return {
      log: { start: log.start, end: log.end },
      online: Math.min(folded.position, log.end),
      revision: known.revision,
      files,
      models: [...new Map(known.models.map((model) => [model.sha256, model])).values()].map(({ sha256 }) => ({
        file: `${MODELS}/${sha256}`,
        sha256,
      })),
      bytes:
        [...files, ...known.models].reduce((sum, { bytes }) => sum + bytes, 0) +
        copied.reduce((sum, bytes) => sum + bytes, log.bytes),
      mustStand: async () => {
        const now = await forgettingOf(home);
        if (now.begun || now.done !== forgetting.done) throw new Changed("a key was forgotten");
      },
    };
  } finally {
    pinned.stop();
  }
}

async function online(home: string, to: string): Promise<void> {
  try {
    await copyLmdb(path.join(home, "online"), path.join(to, "online"));
  } catch (error) {
    // It may be moving into another file.
    if (error instanceof AsofError && error.code === "ASOF_HOME" && error.cause === undefined)
      throw await later(error.message);
    throw error;
  }
}

/** A change that may take a moment. */
async function later(why: string): Promise<Changed> {
  await new Promise((resolve) => setTimeout(resolve, 500));
  return new Changed(why);
}

async function pin(home: string, pins: string, file: string): Promise<void> {
  const to = path.join(pins, file);
  await mkdir(path.dirname(to), { recursive: true });
  await link(path.join(home, file), to).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  });
}

interface KnownFiles {
  readonly revision: number;
  readonly archived: LogPosition;
  readonly applied: LogPosition;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly models: readonly ModelVersion[];
}

async function readRegistry(file: string): Promise<KnownFiles> {
  return withRegistry(file, async (registry) => {
    const { state, files } = await registry.offlineView();
    const { revision } = await registry.revision();
    return { revision, ...state, files, models: await registry.models() };
  });
}

/** Whether a key is being forgotten, and which were. */
async function forgettingOf(home: string): Promise<{ readonly begun: boolean; readonly done: string }> {
  const file = path.join(home, "registry.sqlite");
  // Opening it would make it.
  await readable(file);
  return withRegistry(file, async (registry) => {
    const begun = await registry.note("forgetting");
    return { begun: begun !== null && begun !== "", done: (await registry.note("forgotten")) ?? "" };
  });
}

async function readable(file: string): Promise<void> {
  try {
    await stat(file);
  } catch (error) {
    throw new AsofError("ASOF_HOME", `there is no store in ${path.dirname(file)}`, { path: path.dirname(file) }, error);
  }
}

async function withRegistry<T>(file: string, work: (registry: RegistryStore) => Promise<T>): Promise<T> {
  const registry = await openSqliteRegistry(file);
  try {
    return await work(registry);
  } finally {
    await registry.close();
  }
}

interface CopiedLog {
  readonly start: LogPosition;
  readonly end: LogPosition;
  readonly bytes: number;
  readonly loads: readonly { readonly path: string; readonly bytes: number }[];
}

/** Cuts off what was only half written when the log was copied, and reads every entry, so that damage is not kept. */
async function readLog(folder: string, applied: LogPosition): Promise<CopiedLog> {
  const log = await openFileLog(folder);
  try {
    const loads: { path: string; bytes: number }[] = [];
    for await (const { kind, position, payload } of log.read(log.start))
      if (kind === ENTRY.load && position >= applied) loads.push(...decodeLoad(payload).files);
    return { start: log.start, end: log.end, bytes: await log.bytes(), loads };
  } finally {
    await log.close();
  }
}

/** Up to where views and identities reach; an online store at home that nothing was brought into has no position. */
async function readOnline(folder: string): Promise<{ position: LogPosition; identities: LogPosition }> {
  const store = await openLmdb(folder, { readOnly: true });
  try {
    // What is kept elsewhere is not in the backup: it asks nothing of the log.
    let position = Infinity;
    let identities = 0;
    let building = Infinity;
    await store.read([META_KEY, VIEWS_KEY, IDENTITIES_KEY], (i, bytes) => {
      if (bytes === undefined) return;
      if (i === 0) ({ position } = decodeMeta(bytes));
      else if (i === 1) building = Math.min(...decodeViews(bytes).building.map(({ loads }) => loads));
      else identities = decodeIndexed(bytes);
    });
    return { position: Math.min(position, building), identities };
  } finally {
    await store.close();
  }
}

/** The list of forgotten keys of a folder; null where there is none. */
export async function forgottenIn(file: string): Promise<Uint8Array | null> {
  return readFile(file).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  });
}
