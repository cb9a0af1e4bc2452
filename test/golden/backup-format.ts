import { type BackupManifest, decodeManifest, encodeManifest } from "../../src/core/codec/backup-manifest.ts";
import { bytesFormat, newerJson } from "./golden-format.ts";

/** The manifest of a backup; the files it names have formats of their own. */
export const backupFormat = bytesFormat<BackupManifest>({
  name: "backup-manifest",
  version: 1,
  content: {
    takenAt: 1_772_323_200_000_001,
    log: { start: 7, end: 2 ** 40 },
    online: 2 ** 40 - 3,
    revision: 4,
    files: [
      { path: "log/00000000000000000007.log", bytes: 1234, sha256: "0f".repeat(32) },
      { path: "offline/payments/day=2026-03-01/load-1-0.parquet", bytes: 0, sha256: "a1".repeat(32) },
    ],
  },
  encode: encodeManifest,
  decode: decodeManifest,
  newer: newerJson,
});
