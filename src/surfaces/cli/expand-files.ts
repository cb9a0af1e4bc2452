import { existsSync } from "node:fs";
import { glob } from "node:fs/promises";
import path from "node:path";
import { AsofError } from "../../core/errors.ts";
import type { Invocation } from "./invocation.ts";

/**
 * The files that the user named, absolute, each once. A name that is no file but a pattern such as "day-?.csv" stands for
 * all files it matches, sorted: shells expand patterns as well, but not those in quotes, nor thousands.
 * @throws ASOF_FILE where a pattern matches nothing
 */
export async function expandFiles(run: Invocation, given: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const name of given) {
    if (existsSync(run.path(name)) || !/[*?[{]/.test(name)) {
      found.add(run.path(name));
      continue;
    }
    const matches: string[] = [];
    for await (const entry of glob(name, { cwd: run.io.cwd, withFileTypes: true }))
      if (!entry.isDirectory()) matches.push(path.join(entry.parentPath, entry.name));
    if (matches.length === 0)
      throw new AsofError("ASOF_FILE", `${name}: no file matches this pattern in ${run.io.cwd}`, { file: name });
    for (const match of matches.toSorted()) found.add(run.path(match));
  }
  return [...found];
}
