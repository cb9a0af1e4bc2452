import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { searchBytes } from "./search-bytes.ts";

test("every file that holds one of the texts is found, wherever in it the text lies", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "asof-search-"));
  try {
    await mkdir(path.join(folder, "a", "b"), { recursive: true });
    const across = Buffer.alloc((1 << 20) + 100, "x");
    across.write("née ann", (1 << 20) - 4);
    await writeFile(path.join(folder, "a", "across"), across);
    await writeFile(path.join(folder, "a", "b", "first"), "née ann and more");
    await writeFile(path.join(folder, "a", "b", "other"), "nee ann");
    await writeFile(path.join(folder, ".hidden"), Buffer.concat([Buffer.alloc(3), Buffer.from("bob")]));
    const { bytes, found } = await searchBytes(folder, ["née ann", "bob", ""]);
    expect(found).toEqual([".hidden", "a/across", "a/b/first"]);
    expect(bytes).toBe((1 << 20) + 100 + Buffer.byteLength("née ann and more") + 7 + 6);
    expect(await searchBytes(folder, ["nobody"])).toEqual({ bytes, found: [] });
  } finally {
    await rm(folder, { recursive: true });
  }
});
