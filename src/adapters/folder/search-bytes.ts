import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

export interface FoundBytes {
  /** How many bytes were looked at. */
  readonly bytes: number;
  /** Paths within the folder, with `/`. */
  readonly found: readonly string[];
}

/**
 * Files below a folder that hold any of these texts. It looks in a process of its own: one that opens and closes a
 * file loses its locks on it, and among these are the locks of databases that are open here.
 */
export async function searchBytes(folder: string, texts: readonly string[]): Promise<FoundBytes> {
  const child = spawn(process.execPath, ["--input-type=commonjs", "-e", SEARCH], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  child.stdin.end(JSON.stringify({ folder, texts }));
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(`the search of ${folder} ended with ${String(code)}: ${errors}`);
  return JSON.parse(output) as FoundBytes;
}

/** The texts come by stdin: arguments can be seen by others. */
const SEARCH = `
const { closeSync, openSync, readdirSync, readFileSync, readSync } = require("node:fs");
const { join, relative, sep } = require("node:path");
const { folder, texts } = JSON.parse(readFileSync(0, "utf8"));
const wanted = texts.map((text) => Buffer.from(text)).filter(({ length }) => length > 0);
const overlap = Math.max(0, ...wanted.map(({ length }) => length - 1));
const CHUNK = 1 << 20;
const buffer = Buffer.alloc(CHUNK + overlap);
let bytes = 0;
const found = [];
function holds(file) {
  let handle;
  try {
    handle = openSync(file);
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
  try {
    for (let kept = 0, hit = false; ; ) {
      const read = readSync(handle, buffer, kept, CHUNK, null);
      if (read === 0) return hit;
      bytes += read;
      const part = buffer.subarray(0, kept + read);
      hit ||= wanted.some((one) => part.includes(one));
      kept = Math.min(overlap, part.length);
      part.copy(buffer, 0, part.length - kept);
    }
  } finally {
    closeSync(handle);
  }
}
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath, entry.name);
  if (entry.isFile() && holds(file)) found.push(relative(folder, file).split(sep).join("/"));
}
process.stdout.write(JSON.stringify({ bytes, found: found.sort() }));
`;
