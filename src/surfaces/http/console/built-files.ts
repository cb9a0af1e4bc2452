import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** Where the build puts the console, seen from `src` as from `dist`. */
const FOLDER = fileURLToPath(new URL("../../../../dist/console", import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

export interface BuiltFile {
  readonly type: string;
  readonly bytes: Buffer;
  /** The same bytes compressed, where that makes them smaller. */
  readonly gzipped: Buffer | null;
  readonly etag: string;
}

/** The files of the built console by their paths, as in `assets/index.js`; none where it was not built. */
export function builtFiles(folder = FOLDER): ReadonlyMap<string, BuiltFile> {
  if (!existsSync(folder)) return new Map();
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && extname(entry.name) in TYPES)
      .map((entry) => {
        const file = join(entry.parentPath, entry.name);
        return [relative(folder, file).replaceAll(sep, "/"), read(file)] as const;
      }),
  );
}

function read(file: string): BuiltFile {
  const bytes = readFileSync(file);
  const type = TYPES[extname(file)];
  // Fonts are compressed as they are.
  const gzipped = type.startsWith("font/") ? null : gzipSync(bytes);
  return { type, bytes, gzipped, etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"` };
}
