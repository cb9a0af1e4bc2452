import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { AsofError } from "../../core/errors.ts";
import { assert } from "../../core/assert.ts";
import { OWNER_ONLY } from "../../core/plan/folders.ts";
import { sideBySide } from "../../core/side-by-side.ts";
import type { FileStore } from "../../ports/file-store.ts";
import { checksumOf } from "./checksum.ts";
import { searchBytes } from "./search-bytes.ts";

/** A `FileStore` in a folder of the local disk, which is made where it is missing. @throws ASOF_HOME */
export async function openFolder(root: string): Promise<FileStore> {
  const path = (file: string): string => {
    assert(!file.startsWith("/") && !file.split("/").includes(".."), `${file} is not inside the store`);
    return join(root, ...file.split("/"));
  };
  await makeOwned(root);
  return {
    path,
    read: async (file) => {
      try {
        return await readFile(path(file));
      } catch (cause) {
        throw new AsofError("ASOF_FILE", `${path(file)} cannot be read`, { file: path(file) }, cause);
      }
    },
    checksum: (file) => attempt(path(file), () => checksumOf(path(file))),
    write: (file, bytes) =>
      attempt(path(file), async () => {
        const aside = `${path(file)}.${randomUUID()}.tmp`;
        await mkdir(dirname(aside), { recursive: true });
        try {
          const handle = await open(aside, "wx");
          try {
            await handle.writeFile(bytes);
            await handle.datasync();
          } finally {
            await handle.close();
          }
          await rename(aside, path(file));
        } catch (cause) {
          await rm(aside, { force: true });
          throw cause;
        }
        await sync(dirname(aside));
      }),
    makeFolder: (folder) => attempt(path(folder), async () => void (await mkdir(path(folder), { recursive: true }))),
    search: (texts) => attempt(root, () => searchBytes(root, texts)),
    list: (folder) => attempt(path(folder), () => listBelow(path(folder), folder)),
    move: (moves) =>
      attempt(root, async () => {
        const folders = new NewFolders();
        await sideBySide(moves, AT_ONCE, async ({ from, to }) => {
          await sync(path(from));
          await folders.make(dirname(path(to)));
          await rename(path(from), path(to));
        });
        await sideBySide(folders.changed, AT_ONCE, sync);
      }),
    remove: (file) => attempt(path(file), () => rm(path(file), { recursive: true, force: true })),
  };
}

/** So many files are synced side by side: the disk takes one turn for several. */
const AT_ONCE = 16;

/** Folders that files are moved to, each made once. */
class NewFolders {
  private readonly made = new Map<string, Promise<void>>();
  private readonly touched = new Set<string>();

  make(folder: string): Promise<void> {
    let making = this.made.get(folder);
    if (making === undefined) this.made.set(folder, (making = this.makeNow(folder)));
    return making;
  }

  /** Those that have something new in them: what is moved there, or a folder. */
  get changed(): string[] {
    return [...this.touched];
  }

  private async makeNow(folder: string): Promise<void> {
    const first = await mkdir(folder, { recursive: true });
    this.touched.add(folder);
    if (first === undefined) return;
    for (let above = folder; above.length >= first.length; above = dirname(above)) this.touched.add(dirname(above));
  }
}

/** Makes a folder that nobody but its owner gets into; one that is there keeps its mode. @throws ASOF_HOME */
export function makeOwned(folder: string): Promise<void> {
  return attempt(folder, () => make(folder, OWNER_ONLY));
}

/** Where a file system refuses with ENOENT, as /proc does, `mkdir`'s own recursion never ends. */
async function make(folder: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(folder)).isDirectory()) return;
    if (code !== "ENOENT" || dirname(folder) === folder) throw cause;
    await make(dirname(folder));
    await mkdir(folder, { mode });
  }
}

async function attempt<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AsofError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AsofError("ASOF_HOME", `the store's folder cannot be used: ${why}`, { path: where }, cause);
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function listBelow(absolute: string, relative: string): Promise<{ file: string; bytes: number }[]> {
  let entries: string[];
  try {
    entries = await readdir(absolute, { recursive: true });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw cause;
  }
  const files: { file: string; bytes: number }[] = [];
  for (const entry of entries.sort()) {
    const found = await stat(join(absolute, entry));
    if (found.isFile()) files.push({ file: `${relative}/${entry.split(sep).join("/")}`, bytes: found.size });
  }
  return files;
}
