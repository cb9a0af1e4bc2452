import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formats } from "./formats.ts";
import { contentOf, type GoldenFormat } from "./golden-format.ts";
import { goldenJson } from "./golden-json.ts";

let temporary: string;
beforeAll(async () => {
  temporary = await mkdtemp(path.join(tmpdir(), "asof-golden-"));
});
afterAll(() => rm(temporary, { recursive: true, force: true }));

const folderOf = ({ name }: GoldenFormat, version: number): string =>
  path.join(import.meta.dirname, name, `v${version}`);

async function copyOf(format: GoldenFormat, version: number): Promise<string> {
  const copy = await mkdtemp(path.join(temporary, `${format.name}-`));
  await cp(folderOf(format, version), copy, { recursive: true });
  return copy;
}

async function filesOf(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.name !== "content.json") files.set(path.relative(folder, file), (await readFile(file)).toString("hex"));
  }
  return files;
}

/** Data as `toEqual` compares it to the last bit. */
const plain = (data: unknown): unknown => JSON.parse(goldenJson(data));

describe.each(formats)("$name", (format) => {
  const versions = Array.from({ length: format.version }, (_, i) => i + 1);

  test.each(versions)("version %i is read as what it was written from", async (version) => {
    const folder = await copyOf(format, version);
    const expected = await contentOf(folder);
    expect(plain(await format.read(folder, version))).toEqual(plain(expected));
  });

  test.runIf(typeof format.again === "function")("the same content has the same bytes", async () => {
    const again = await mkdtemp(path.join(temporary, `${format.name}-`));
    const folder = folderOf(format, format.version);
    if (typeof format.again === "function") await format.again(await contentOf(folder), again);
    const [expected, found] = [await filesOf(folder), await filesOf(again)];
    expect(expected.size).toBeGreaterThan(0);
    expect(found).toEqual(expected);
  });

  test.runIf(typeof format.newer === "function")("a newer version is refused as such", async () => {
    const folder = await copyOf(format, format.version);
    if (typeof format.newer === "function") await format.newer(folder);
    await expect(format.read(folder, format.version + 1)).rejects.toMatchObject({ code: "ASOF_FORMAT" });
  });
});

test("every folder here is a format in the table", async () => {
  const folders = (await readdir(import.meta.dirname, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(formats.map(({ name }) => name).sort());
});
