import { randomUUID } from "node:crypto";
import { chmod, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { makeOwned } from "../adapters/folder/folder-store.ts";
import { systemClock } from "../adapters/clock/system-clock.ts";
import { digestedCopy, digestOf } from "../adapters/folder/digested-copy.ts";
import { type BackupFile, type BackupManifest, encodeManifest } from "../core/codec/backup-manifest.ts";
import { AsofError } from "../core/errors.ts";
import { checkInterrupted } from "../core/interruption.ts";
import { FORGOTTEN_LIST, PINNED, REJECTS, SCHEDULE } from "../core/plan/folders.ts";
import type { WorkOptions } from "../core/result/progress.ts";
import type { BackupOutcome } from "../core/result/safekeeping.ts";
import { Changed, cutThrough, type StoreCut } from "./store-cut.ts";

/** The file of a backup that says what it consists of. */
export const MANIFEST = "backup.json";
/** What a cut has copied already. */
const COPIED = /^(log\/\d{20}\.log|online\/data\.mdb|registry\.sqlite)$/;
/** How often a backup begins anew where the store changes under it. */
const ATTEMPTS = 8;

/**
 * Copies the store of a folder into another folder, whole and consistent, while any process may be writing to it.
 * Nothing of the store waits. Everything acknowledged before the call is in it.
 *
 * What the store may drop or merge meanwhile is kept by second names (`pinned/`); the online store and the registry
 * give one snapshot each; the log comes last, so that it reaches further than all else, and a restored store catches
 * up with it as after a crash. Where a key is forgotten meanwhile, the backup begins anew: it never holds a part of it.
 * The folder appears whole, with a manifest of every file's SHA-256, or not at all.
 * @throws ASOF_USAGE where the folder is in use, ASOF_HOME, ASOF_CORRUPT, ASOF_BUSY, ASOF_INTERRUPTED
 */
export async function backup(home: string, to: string, options: WorkOptions = {}): Promise<BackupOutcome> {
  const began = performance.now();
  const folder = path.resolve(to);
  await mustBeFree(folder);
  const partial = `${folder}.partial-${randomUUID()}`;
  try {
    for (let attempt = 1; ; attempt++)
      try {
        const manifest = await take(path.resolve(home), partial, options);
        await takeMode(folder, partial);
        await rm(folder, { recursive: true, force: true });
        await rename(partial, folder);
        await sync(path.dirname(folder));
        const { log, online, revision, files } = manifest;
        return {
          folder,
          log,
          online,
          revision,
          files: files.length,
          bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
          attempts: attempt,
          seconds: (performance.now() - began) / 1000,
        };
      } catch (error) {
        checkInterrupted(options.signal);
        if (!(error instanceof Changed)) throw error;
        if (attempt === ATTEMPTS)
          throw new AsofError("ASOF_BUSY", `the store changed ${ATTEMPTS} times while it was copied`, {}, error);
      }
  } catch (error) {
    throw coded(error, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** One attempt. What an earlier one has copied of files that never change is not copied again. */
async function take(home: string, partial: string, options: WorkOptions): Promise<BackupManifest> {
  const pins = path.join(home, PINNED, randomUUID());
  try {
    for (const part of ["log", "online", "registry.sqlite", REJECTS, FORGOTTEN_LIST, SCHEDULE])
      await rm(path.join(partial, part), { recursive: true, force: true });
    await makeOwned(partial);
    const cut = await cutThrough(home, pins, partial, options.signal);
    const copied = await copyAll(home, cut, partial, options);
    await cut.mustStand();
    const manifest: BackupManifest = {
      takenAt: systemClock().now(),
      log: cut.log,
      online: cut.online,
      revision: cut.revision,
      files: copied,
    };
    await keepOnly(partial, new Set(copied.map((file) => file.path)));
    await writeFile(path.join(partial, MANIFEST), encodeManifest(manifest), { flush: true });
    await syncFolders(partial);
    return manifest;
  } catch (error) {
    // What it was copying is gone: erased, or pins that a starting store has cleared away.
    if (codeOf(error) === "ENOENT" && (await stat(home).catch(() => null)) !== null)
      throw new Changed("a file went away", { cause: error });
    throw error;
  } finally {
    await rm(pins, { recursive: true, force: true });
    // Where it is the last one.
    await rm(path.dirname(pins), { force: true, recursive: (await namesIn(path.dirname(pins))).length === 0 }).catch(
      () => {},
    );
  }
}

/** The parts that are there already get digests; files of history and models are copied. */
async function copyAll(
  home: string,
  cut: StoreCut,
  partial: string,
  { signal, onProgress }: WorkOptions,
): Promise<BackupFile[]> {
  const files: BackupFile[] = [];
  const total = cut.bytes;
  let done = 0;
  const options = {
    signal,
    onBytes: (bytes: number) => {
      done += bytes;
      onProgress?.({ phase: "backup", done, total, unit: "bytes" });
    },
  };
  for (const file of (await filesBelow(partial, "")).filter((file) => COPIED.test(file))) {
    files.push({ path: file, ...(await digestOf(path.join(partial, file), options)) });
    await sync(path.join(partial, file));
  }
  for (const { from, file, bytes } of cut.files) {
    const to = path.join(partial, file);
    const known = await stat(to).catch(() => null);
    const digested = known?.size === bytes ? await digestOf(to, options) : await digestedCopy(from, to, options);
    if (digested.bytes !== bytes)
      throw new AsofError("ASOF_CORRUPT", `${path.join(home, file)} has ${digested.bytes} bytes instead of ${bytes}`, {
        file: path.join(home, file),
      });
    files.push({ path: file, ...digested });
  }
  for (const { sha256, file } of cut.models) {
    const digested = await digestedCopy(path.join(home, file), path.join(partial, file), options);
    if (digested.sha256 !== sha256)
      throw new AsofError("ASOF_CORRUPT", `${path.join(home, file)} is not the model that was trained`, {
        file: path.join(home, file),
      });
    files.push({ path: file, ...digested });
  }
  // Written by people's loads, by `forget`, which makes the backup begin anew, and by jobs, which replace a file whole.
  for (const file of [...(await filesBelow(path.join(home, REJECTS), REJECTS)), FORGOTTEN_LIST, SCHEDULE])
    try {
      files.push({ path: file, ...(await digestedCopy(path.join(home, file), path.join(partial, file), options)) });
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      await rm(path.join(partial, file), { force: true });
    }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** An empty folder that was made for the backup says who may see it. */
async function takeMode(from: string, to: string): Promise<void> {
  const found = await stat(from).catch(() => null);
  if (found !== null) await chmod(to, found.mode);
}

async function mustBeFree(folder: string): Promise<void> {
  const found = await namesIn(folder);
  if (found.length > 0)
    throw new AsofError("ASOF_USAGE", `${folder} is not empty: name a folder that is new, or empty`, { folder });
}

async function keepOnly(folder: string, wanted: ReadonlySet<string>): Promise<void> {
  for (const file of await filesBelow(folder, "")) if (!wanted.has(file)) await rm(path.join(folder, file));
}

/** All files below a folder by paths that begin with `prefix`; none where it does not exist. */
export async function filesBelow(folder: string, prefix: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, "/"))
    .map((file) => (prefix === "" ? file : `${prefix}/${file}`))
    .sort();
}

export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    if (codeOf(error) === "ENOTDIR") throw new AsofError("ASOF_USAGE", `${folder} is not a folder`, { folder }, error);
    throw error;
  }
}

/** Makes durable which files each folder has. */
export async function syncFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await sync(path.join(entry.parentPath, entry.name));
  await sync(folder);
}

export async function sync(file: string): Promise<void> {
  const handle = await open(file, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What the system refused, as a coded error. */
export function coded(error: unknown, folder: string): unknown {
  if (error instanceof AsofError || codeOf(error) === null) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new AsofError("ASOF_HOME", `${folder} cannot be written: ${why}`, { path: folder }, error);
}

export function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}
