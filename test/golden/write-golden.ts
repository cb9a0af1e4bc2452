// Writes the golden files of formats whose present version has none yet: `node test/golden/write-golden.ts [name…]`.
// What is there is never overwritten: see formats.ts.
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { formats } from "./formats.ts";
import { writeContent } from "./golden-format.ts";

const only = process.argv.slice(2);
for (const format of formats) {
  if (only.length > 0 && !only.includes(format.name)) continue;
  const folder = path.join(import.meta.dirname, format.name, `v${format.version}`);
  const name = `${format.name} v${format.version}`;
  if (existsSync(folder)) {
    process.stdout.write(`${name}: is there, and stays as it is\n`);
    continue;
  }
  const aside = `${folder}.new`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true });
  await writeContent(aside, await format.write(aside));
  await rename(aside, folder);
  process.stdout.write(`${name}: written\n`);
}
