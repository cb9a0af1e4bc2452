import { randomUUID } from "node:crypto";
import { chmod, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { makeOwned } from "../adapters/folder/folder-store.ts";
import { digestedCopy } from "../adapters/folder/digested-copy.ts";
import { openSqliteRegistry } from "../adapters/sqlite/open-sqlite-registry.ts";
import type { Configuration } from "../configuration.ts";
import { type BackupManifest, decodeManifest } from "../core/codec/backup-manifest.ts";
import { decodeForgotten, encodeForgotten, type ForgottenKeys } from "../core/codec/forgotten-keys.ts";
import { AsofError } from "../core/errors.ts";
import { checkInterrupted } from "../core/interruption.ts";
import { FORGOTTEN_LIST } from "../core/plan/folders.ts";
import type { WorkOptions } from "../core/result/progress.ts";
import type { RestoreOutcome } from "../core/result/safekeeping.ts";
import { open } from "../open.ts";
import { coded, codeOf, MANIFEST, namesIn, sync, syncFolders } from "./backup.ts";
import { type RestoredKeysOptions, settleKeys } from "./restored-keys.ts";
import { forgottenIn } from "./store-cut.ts";

/**
 * Brings a backup into the configuration's home, which must be empty but for a list of forgotten keys, and opens it
 * once: what the log holds beyond the other parts is folded, and keys that were forgotten since are forgotten again;
 * API keys come back as they were, but for those that are told to be revoked.
 * All of it happens in a folder beside the home, which takes the home's place at the end: all or nothing.
 * @throws ASOF_USAGE where the home is in use, ASOF_FILE where there is no backup, ASOF_CORRUPT where a file of it is
 * not what was saved, ASOF_FORMAT, ASOF_HOME where there is no registry of later revocations; what opening the store throws
 */
export async function restore(
  configuration: Configuration & { readonly home: string },
  from: string,
  options: WorkOptions &
    RestoredKeysOptions & {
      /** The list of forgotten keys (`forgotten.json`) of the store that is lost, where the home does not hold it. */
      readonly forgotten?: string;
    } = {},
): Promise<RestoreOutcome> {
  const began = performance.now();
  const { home } = configuration;
  const folder = path.resolve(from);
  await mustBeFree(home);
  const manifest = await readManifest(folder);
  const lists = [
    await listIn(path.join(folder, FORGOTTEN_LIST)),
    await listIn(path.join(home, FORGOTTEN_LIST)),
    options.forgotten === undefined ? null : await givenList(options.forgotten),
  ];
  const forgotten = merged(lists.filter((list) => list !== null));
  const aside = `${home}.restoring-${randomUUID()}`;
  try {
    await makeOwned(aside);
    await copyAll(folder, aside, manifest, options);
    if (forgotten !== null)
      await writeFile(path.join(aside, FORGOTTEN_LIST), encodeForgotten(forgotten), { flush: true });
    checkInterrupted(options.signal);
    const keys = await settleKeys(path.join(aside, "registry.sqlite"), Date.now() * 1000, options);
    const known = await forgets(aside);
    const store = await open({ ...configuration, home: aside }, { whenLocked: "refuse" });
    let forgottenAgain: number;
    try {
      await store.settled();
      forgottenAgain = (await store.runs({ kind: "forget" })).length - known;
    } finally {
      await store.close();
    }
    checkInterrupted(options.signal);
    await syncFolders(aside);
    await takePlace(aside, home);
    const { log, online, revision, files, takenAt } = manifest;
    return {
      home,
      takenAt,
      log,
      revision,
      files: files.length,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      folded: log.end - Math.min(online, log.end),
      forgotten: forgottenAgain,
      keys,
      seconds: (performance.now() - began) / 1000,
    };
  } catch (error) {
    throw coded(error, home);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** How often keys were forgotten, as a registry has it on record. */
async function forgets(home: string): Promise<number> {
  const registry = await openSqliteRegistry(path.join(home, "registry.sqlite"));
  try {
    return (await registry.runs({ kind: "forget" })).length;
  } finally {
    await registry.close();
  }
}

async function readManifest(folder: string): Promise<BackupManifest> {
  try {
    return decodeManifest(await readFile(path.join(folder, MANIFEST)));
  } catch (error) {
    if (error instanceof AsofError) throw error;
    throw new AsofError("ASOF_FILE", `there is no backup in ${folder}: it has no ${MANIFEST}`, { file: folder }, error);
  }
}

async function copyAll(
  folder: string,
  to: string,
  { files }: BackupManifest,
  { signal, onProgress }: WorkOptions,
): Promise<void> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    onProgress?.({ phase: "restore", done, total, unit: "bytes" });
  };
  for (const file of files) {
    const path_ = path.join(folder, file.path);
    // The manifest's digest is no proof against one who made it up.
    if (path.relative(folder, path_).startsWith("..") || path.isAbsolute(file.path))
      throw damaged(path_, "it is not inside the backup");
    const copied = await digestedCopy(path_, path.join(to, file.path), { signal, onBytes }).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") throw damaged(path_, "it is missing", error);
      throw error;
    });
    if (copied.bytes !== file.bytes) throw damaged(path_, `it has ${copied.bytes} bytes instead of ${file.bytes}`);
    if (copied.sha256 !== file.sha256) throw damaged(path_, "its SHA-256 is not that of the manifest");
  }
}

function damaged(file: string, why: string, cause?: unknown): AsofError {
  return new AsofError("ASOF_CORRUPT", `${file} is not what was saved: ${why}`, { file }, cause);
}

async function mustBeFree(home: string): Promise<void> {
  const found = (await namesIn(home)).filter((name) => name !== FORGOTTEN_LIST);
  if (found.length > 0)
    throw new AsofError(
      "ASOF_USAGE",
      `${home} holds a store, or something else: restore into another --home, or move it away`,
      {
        home,
        found: found.slice(0, 5),
      },
    );
}

async function listIn(file: string): Promise<ForgottenKeys | null> {
  const bytes = await forgottenIn(file);
  return bytes === null ? null : decodeForgotten(bytes);
}

async function givenList(file: string): Promise<ForgottenKeys> {
  const list = await listIn(path.resolve(file));
  if (list === null) throw new AsofError("ASOF_FILE", `there is no ${file}`, { file });
  return list;
}

/** All keys of several lists of one store. @throws ASOF_USAGE where they are of several */
function merged(lists: readonly ForgottenKeys[]): ForgottenKeys | null {
  const [first, ...others] = lists;
  if (first === undefined) return null;
  if (others.some(({ secret }) => secret !== first.secret))
    throw new AsofError("ASOF_USAGE", "the lists of forgotten keys are of different stores", { file: FORGOTTEN_LIST });
  const keys = new Map(lists.flatMap((list) => list.keys).map((key) => [`${key.hash} ${key.at}`, key]));
  return { secret: first.secret, keys: [...keys.values()] };
}

/** A home that holds but a list of forgotten keys, all of which are in the other's, makes way. */
async function takePlace(aside: string, home: string): Promise<void> {
  const before = `${aside}.before`;
  const found = await stat(home).catch(() => null);
  const exists = found !== null;
  if (exists) await chmod(aside, found.mode);
  if (exists) await rename(home, before);
  await rename(aside, home);
  await sync(path.dirname(home));
  if (exists) await rm(before, { recursive: true, force: true });
}
