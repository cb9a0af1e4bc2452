/**
 * Every stored format, by name. The files of each version are committed and read for ever.
 *
 * To add a format: an entry in one of the tables below – for bytes in memory `bytesFormat` with a sample is all it
 * takes –, then `node test/golden/write-golden.ts`, and commit what it wrote. To change a format: raise its version
 * in the code and in its entry, and write again: the files of the versions before stay, and must go on being read.
 * The writer never overwrites a version.
 *
 * Not here: the writer's lock and its holder, `staging/`, `temporary/` and `pinned/`, which live no longer than a process, and
 * rejects files, which are CSV for people.
 */
import { backupFormat } from "./backup-format.ts";
import { codecFormats } from "./codec-formats.ts";
import { fileFormats } from "./file-formats.ts";
import { forgetFormats } from "./forget-formats.ts";
import type { GoldenFormat } from "./golden-format.ts";
import { homeFormat } from "./home-format.ts";
import { identityHomeFormat } from "./identity-home-format.ts";
import { identityFormats } from "./identity-formats.ts";
import { scheduleFormat } from "./schedule-format.ts";
import { keptTileFormat, perTileFormat, tileFormat } from "./tile-format.ts";
import { verifyFormat } from "./verify-format.ts";

export const formats: readonly GoldenFormat[] = [
  ...codecFormats,
  tileFormat,
  perTileFormat,
  keptTileFormat,
  ...identityFormats,
  ...fileFormats,
  ...forgetFormats,
  verifyFormat,
  backupFormat,
  scheduleFormat,
  homeFormat,
  identityHomeFormat,
];
