import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { pages } from "./pages.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** Written by the build of the site. */
const BUILT = /^docs\/api\//;

/** As the site and the repository's host name the anchors of headings. */
function anchorsOf(page: string): Set<string> {
  const headings = readFileSync(path.join(root, page), "utf8").matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, text]) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

test("every link of the documentation leads somewhere", () => {
  const broken: string[] = [];
  let links = 0;
  for (const page of pages) {
    const text = readFileSync(path.join(root, page), "utf8").replace(/^```.*?^```/gms, "");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      links++;
      const [file, anchor] = target.split("#");
      const found = file === "" ? page : path.normalize(path.join(path.dirname(page), file));
      if (BUILT.test(found)) continue;
      if (!existsSync(path.join(root, found))) broken.push(`${page}: ${target}`);
      else if (anchor !== undefined && !anchorsOf(found).has(anchor)) broken.push(`${page}: ${target}`);
    }
  }
  expect(links).toBeGreaterThan(30);
  expect(broken).toEqual([]);
});
