import { sha256 } from "../definition/sha256.ts";
import { AsofError } from "../errors.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { count, listOf, matching, objectOf, text, whole } from "./shape.ts";
import { decodeStoredJson } from "./stored-json.ts";

/** A file of a backup, by its path within it, with `/`. */
export interface BackupFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of its bytes, hexadecimal. */
  readonly sha256: string;
}

/** What a backup holds: one cut through a store, and the files it consists of. */
export interface BackupManifest {
  readonly takenAt: Timestamp;
  /** The log's records: from `start`, up to `end`. All other parts are of `end` or before, and catch up with the log. */
  readonly log: { readonly start: number; readonly end: number };
  /** Up to where the online store had folded the log; its end where that store is kept elsewhere, and so in no backup. */
  readonly online: number;
  readonly revision: number;
  readonly files: readonly BackupFile[];
}

const FORMAT = 1;

const SHA256 = matching(/^[0-9a-f]{64}$/);
const SHAPE = objectOf({
  takenAt: whole,
  log: objectOf({ start: count, end: count }),
  online: count,
  revision: count,
  // No file system has a zero in a path.
  files: listOf(objectOf({ path: matching(/^[^\0]+$/), bytes: count, sha256: SHA256 })),
  digest: text,
});

export function encodeManifest(manifest: BackupManifest): Uint8Array {
  const content = { ...manifest, digest: digestOf(manifest) };
  return new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, ...content }, null, 1)}\n`);
}

/** @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function decodeManifest(bytes: Uint8Array): BackupManifest {
  const { digest, ...manifest } = decodeStoredJson(
    bytes,
    "the manifest of the backup",
    FORMAT,
    SHAPE,
  ) as BackupManifest & {
    readonly digest: string;
  };
  if (digest !== digestOf(manifest))
    throw new AsofError("ASOF_CORRUPT", "the manifest of the backup is damaged: its digest does not match", {
      what: "the manifest of the backup",
    });
  return manifest;
}

function digestOf({ takenAt, log, online, revision, files }: BackupManifest): string {
  const content = [takenAt, log.start, log.end, online, revision, ...files.flatMap((f) => [f.path, f.bytes, f.sha256])];
  return sha256(new TextEncoder().encode(JSON.stringify(content)));
}
